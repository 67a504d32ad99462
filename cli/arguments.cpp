#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::cli {
namespace {

namespace po = boost::program_options;

Flag flag_of(const Setting& setting) {
  const size_t comma = setting.flag.find(',');
  Flag flag;
  flag.name = setting.flag.substr(0, comma);
  if (comma != std::string_view::npos) flag.letter = setting.flag[comma + 1];
  switch (setting.type) {
    case SettingType::kBool:
      break;
    case SettingType::kInt:
      flag.metavar = "N";
      break;
    case SettingType::kDouble:
      flag.metavar = "X";
      break;
    case SettingType::kIntList:
      flag.metavar = "N,N,...";
      break;
    case SettingType::kPath:
    case SettingType::kPathList:
      flag.metavar = "PATH";
      break;
    case SettingType::kModel:
      flag.metavar = "MODEL";
      break;
    case SettingType::kPassList:
      flag.metavar = "PASS,...";
      break;
    case SettingType::kOptionMap:
      flag.metavar = "KEY=VALUE";
      break;
    default:
      flag.metavar = "TEXT";
  }
  flag.repeatable = setting.type == SettingType::kTextList || setting.type == SettingType::kPathList ||
                    setting.type == SettingType::kOptionMap;
  flag.help = setting.negated_flag ? fmt::format("do not {}", setting.help) : std::string(setting.help);
  if (!flag.metavar.empty()) flag.default_text = setting.default_text;
  return flag;
}

/// Splits a list of passes at the commas that do not belong to options: "a,b:x=1,y=2,c" -> a | b:x=1,y=2 | c.
std::vector<std::string> split_passes(std::string_view text) {
  std::vector<std::string> passes;
  for (std::string& part : split_commas(text)) {
    const size_t equals = part.find('=');
    const bool is_option = equals != std::string::npos && part.find(':') > equals;
    if (is_option && !passes.empty()) {
      passes.back() += "," + part;
    } else {
      passes.push_back(std::move(part));
    }
  }
  return passes;
}

int64_t parse_integer(std::string_view flag, std::string_view text, int64_t minimum) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(fmt::format("--{}: '{}' is not a whole number", flag, text), "");
  }
  if (value < minimum) {
    throw UsageError(fmt::format("--{}: {} is below the least value, {}", flag, value, minimum), "");
  }
  return value;
}

}  // namespace

std::string with_dashed_name(const std::string& argument) {
  if (!argument.starts_with("--")) return argument;
  std::string dashed = argument;
  const size_t end = std::min(dashed.find('='), dashed.size());
  std::replace(dashed.begin(), dashed.begin() + static_cast<std::ptrdiff_t>(end), '_', '-');
  return dashed;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return parts;
}

void Arguments::add_settings(std::string heading, const std::vector<std::string_view>& keys) {
  for (const Setting& setting : settings()) {
    const bool wanted = std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
      return setting.key == key || section_of(setting.key) == key;
    });
    if (wanted && !setting.flag.empty()) entries_.push_back({heading, flag_of(setting), &setting});
  }
}

void Arguments::add_flags(std::string heading, std::vector<Flag> flags) {
  for (Flag& flag : flags) entries_.push_back({heading, std::move(flag), nullptr});
}

const Arguments::Entry& Arguments::entry(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.flag.name == name) return entry;
  }
  throw Error(ErrorCode::kInternal, fmt::format("the command asks for a flag '{}' that it has not", name));
}

bool Arguments::knows(std::string_view flag) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.flag.name == flag; });
}

void Arguments::parse(const std::vector<std::string>& given) {
  std::vector<std::string> args = given;
  const auto end_of_flags = std::find(args.begin(), args.end(), "--");
  std::transform(args.begin(), end_of_flags, args.begin(), with_dashed_name);
  po::options_description description;
  for (const Entry& entry : entries_) {
    std::string name = entry.flag.name;
    if (entry.flag.letter != '\0') name += fmt::format(",{}", entry.flag.letter);
    if (entry.flag.metavar.empty()) {
      description.add_options()(name.c_str(), "");
    } else if (entry.flag.value_optional) {
      const std::vector<std::string> yes = {"true"};
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>()->implicit_value(yes, ""),
                                "");
    } else {
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>(), "");
    }
  }
  po::positional_options_description positional;
  for (const std::string& name : positional_) positional.add(name.c_str(), 1);
  if (!rest_.empty()) positional.add(rest_.c_str(), -1);
  namespace style = po::command_line_style;
  try {
    const po::parsed_options parsed = po::command_line_parser(args)
                                          .options(description)
                                          .positional(positional)
                                          .style(style::unix_style & ~style::allow_guessing)
                                          .run();
    for (const po::option& option : parsed.options) {
      std::vector<std::string>& values = values_[option.string_key];
      const Flag& flag = entry(option.string_key).flag;
      if (!values.empty() && !flag.repeatable && !flag.metavar.empty()) {
        throw UsageError(fmt::format("--{} is given twice", option.string_key), "");
      }
      if (option.value.empty()) values.emplace_back("true");
      for (const std::string& value : option.value) values.push_back(value);
    }
  } catch (const po::unknown_option& error) {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back("--" + entry.flag.name);
    const std::string hint = did_you_mean(error.get_option_name(), names);
    throw UsageError(
        fmt::format("unknown flag '{}'", error.get_option_name()),
        hint.starts_with("did you mean") ? hint : "");  // a list of all flags is what --help is for
  } catch (const po::too_many_positional_options_error&) {
    throw UsageError("too many arguments", "quote a prompt that has spaces, or give it with -p");
  } catch (const po::error& error) {
    throw UsageError(error.what(), "");
  }
  apply_settings();
}

void Arguments::apply_settings() {
  std::vector<std::string> backend_options;
  for (const auto& [name, given] : values_) {
    if (entry(name).flag.backend_option) backend_options.push_back(name + "=" + given.front());
  }
  if (!backend_options.empty())
    config_.set("compile.options", std::move(backend_options), {OriginKind::kFlag, "flags"});
  for (const auto& [name, given] : values_) {
    const Setting* setting = entry(name).setting;
    if (setting == nullptr) continue;
    std::vector<std::string> texts = given;
    if (setting->type == SettingType::kIntList) texts = split_commas(given.front());
    if (setting->type == SettingType::kPassList) texts = split_passes(given.front());
    if (setting->negated_flag) texts = {"false"};
    config_.set(setting->key, std::move(texts), {OriginKind::kFlag, "--" + name});
  }
}

bool Arguments::has(std::string_view flag) const {
  return values_.find(flag) != values_.end();
}

std::string Arguments::get(std::string_view flag) const {
  const auto it = values_.find(flag);
  return it == values_.end() ? entry(flag).flag.default_text : it->second.front();
}

std::vector<std::string> Arguments::list(std::string_view flag) const {
  const auto it = values_.find(flag);
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

int64_t Arguments::integer(std::string_view flag, int64_t minimum) const {
  return parse_integer(flag, get(flag), minimum);
}

std::vector<int64_t> Arguments::integers(std::string_view flag, int64_t minimum) const {
  std::vector<int64_t> numbers;
  for (const std::string& part : split_commas(get(flag)))
    numbers.push_back(parse_integer(flag, part, minimum));
  return numbers;
}

std::string Arguments::help(std::string_view summary) const {
  constexpr size_t kColumn = 34;
  std::string out = fmt::format("{}\n\nusage: tessera {}\n", summary, usage_);
  std::string heading;
  for (const Entry& entry : entries_) {
    if (entry.heading != heading) out += fmt::format("\n{}:\n", heading = entry.heading);
    const Flag& flag = entry.flag;
    std::string left = flag.letter != '\0' ? fmt::format("  -{}, --{}", flag.letter, flag.name)
                                           : fmt::format("      --{}", flag.name);
    if (!flag.metavar.empty()) left += " " + flag.metavar;
    out += left + (left.size() + 2 > kColumn ? "\n" + std::string(kColumn, ' ')
                                             : std::string(kColumn - left.size(), ' '));
    out += flag.help;
    std::string facts;
    if (!flag.default_text.empty()) facts = "default " + flag.default_text;
    if (entry.setting != nullptr && !entry.setting->environment.empty()) {
      facts += fmt::format("{}env {}", facts.empty() ? "" : ", ", entry.setting->environment);
    }
    if (!facts.empty()) out += fmt::format(" [{}]", facts);
    out += '\n';
  }
  return out;
}

}  // namespace tessera::cli
