#include "cli/core_split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "cli/backend_options.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

constexpr const char* kNumCores = "num-cores";
constexpr int64_t kDraftOf16 = 5;

/// 0 for what is no number: the backend says so itself.
int64_t number(const std::string& text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// 0: none are given.
int64_t given_cores(const BackendOptions& options) {
  const std::string* cores = find_option(options, kNumCores);
  return cores == nullptr ? 0 : number(*cores);
}

bool names_devices(const BackendOptions& options) {
  return find_option(options, "device-group") != nullptr;
}

}  // namespace

std::optional<CoreSplit> core_split(const CompileOptions& target, const BackendOptions& draft,
                                    const std::vector<OptionInfo>& declared) {
  const auto cores =
      std::find_if(declared.begin(), declared.end(), [](const OptionInfo& o) { return o.name == kNumCores; });
  if (cores == declared.end() || names_devices(draft)) return std::nullopt;
  CoreSplit split{number(cores->default_text), given_cores(target.backend_options), given_cores(draft)};
  if (split.target == 0) split.target = target.num_cores;
  const int64_t usual = std::max<int64_t>(split.device * kDraftOf16 / 16, 1);
  if (split.draft == 0)
    split.draft = split.target == 0 ? usual : std::clamp<int64_t>(split.device - split.target, 1, usual);
  if (split.target == 0) split.target = std::max<int64_t>(split.device - split.draft, 1);
  if (split.target + split.draft <= split.device) return split;
  if (!names_devices(target.backend_options)) return std::nullopt;  // each takes the first device with room
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("the target takes {} cores and the draft model {}, but a device has {}",
                          split.target, split.draft, split.device))
      .key(kNumCores)
      .remedy(fmt::format("--num-cores {}, or --draft-option device-group=N for a device of its own",
                          split.device - usual));
}

BackendOptions with_cores(BackendOptions options, int64_t cores) {
  std::erase_if(options, [](const auto& option) { return with_dashes(option.first) == kNumCores; });
  options.emplace_back(kNumCores, std::to_string(cores));
  return options;
}

CompileOptions with_cores(CompileOptions options, int64_t cores) {
  options.backend_options = with_cores(std::move(options.backend_options), cores);
  return options;
}

}  // namespace tessera::cli
