#include "core/plugin/call.hpp"

#include <fmt/format.h>

#include "core/host/utf8.hpp"

namespace tessera::plugin {

Error misbehaves(const LoadedPlugin& plugin, const Doing& doing, const std::string& how) {
  const std::string& vendor = plugin.manifest.vendor;
  Error error(ErrorCode::kInternal,
              fmt::format("plugin '{}' misbehaves: {}", plugin.manifest.id, to_utf8(how)));
  error.add_file(plugin.path.native());
  error.add_remedy("report it to the plugin's author" + (vendor.empty() ? "" : " (" + vendor + ")"));
  add_context(error, plugin, doing);
  return error;
}

void add_context(Error& error, const LoadedPlugin& plugin, const Doing& doing) {
  error.add_context(fmt::format("{} '{}' ({})", doing.what, doing.object, plugin.name()));
}

sdk::Buffer take(const LoadedPlugin& plugin, const Doing& doing, const tsr_buffer& buffer, uint64_t most) {
  sdk::Buffer taken(buffer);  // released also when it is refused
  if (taken.null() && taken.size() > 0)
    throw misbehaves(plugin, doing, fmt::format("it answers {} bytes at a null address", taken.size()));
  if (taken.size() > most)
    throw misbehaves(plugin, doing,
                     fmt::format("it answers {} bytes, at most {} are allowed", taken.size(), most));
  return taken;
}

std::string take_text(const LoadedPlugin& plugin, const Doing& doing, const tsr_buffer& buffer) {
  constexpr uint64_t kLongestText = 64 * 1024;
  const sdk::Buffer taken = take(plugin, doing, buffer, kLongestText);
  if (!is_utf8(taken.text())) throw misbehaves(plugin, doing, "it answers a text that is not UTF-8");
  return std::string(taken.text());
}

sdk::Value checked_value(const LoadedPlugin& plugin, const Doing& doing, const tsr_value& from) {
  constexpr uint64_t kMostItems = 1 << 20;
  if (from.count > kMostItems)
    throw misbehaves(plugin, doing, fmt::format("it answers a list of {} items", from.count));
  try {
    sdk::Value value = sdk::read_value(from);
    if (value.type() == sdk::ValueType::kText && !is_utf8(value.as_text()))
      throw Error(ErrorCode::kInternal, "a property's text is not UTF-8");
    if (value.type() == sdk::ValueType::kTextList)
      for (const std::string& text : value.as_text_list())
        if (!is_utf8(text)) throw Error(ErrorCode::kInternal, "a property's text is not UTF-8");
    return value;
  } catch (const Error& error) {
    throw misbehaves(plugin, doing, error.message());
  }
}

}  // namespace tessera::plugin
