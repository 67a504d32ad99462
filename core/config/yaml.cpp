#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <set>

#include "core/config/config.hpp"
#include "core/config/json_of_yaml.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const char* expectation(SettingType type) {
  switch (type) {
    case SettingType::kInt:
      return "a whole number";
    case SettingType::kDouble:
      return "a number";
    case SettingType::kBool:
      return "true or false";
    case SettingType::kTextList:
    case SettingType::kPathList:
      return "a text or a list of texts";
    case SettingType::kIntList:
      return "a list of whole numbers";
    case SettingType::kPassList:
      return "a list of passes (`- id` or `- id: {option: value}`)";
    case SettingType::kOptionMap:
      return "a map of option: value";
    case SettingType::kObjectList:
      return "a list of maps";
    default:
      return "a text";
  }
}

/// Reads one file into a Config; remembers the file so that each message has file:line.
class Reader {
 public:
  Reader(const fs::path& file, Config& config) : file_(file), config_(config) {}

  void read(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (!root.IsMap()) fail(root, "a run file is a map of settings");
    read_map(root, "");
  }

 private:
  std::string where(const YAML::Node& node) const {
    return fmt::format("{}:{}", file_.string(), node.Mark().line + 1);
  }

  [[noreturn]] void fail(const YAML::Node& node, std::string message, std::string_view key = "",
                         std::string remedy = "") const {
    throw Error(ErrorCode::kInvalidArgument, std::move(message)).file(where(node)).key(key).remedy(remedy);
  }

  void read_map(const YAML::Node& map, const std::string& section) {
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) fail(entry.first, "a key must be a text");
      const std::string name = entry.first.Scalar();
      const std::string key = section.empty() ? name : fmt::format("{}.{}", section, name);
      if (!seen.insert(name).second) fail(entry.first, fmt::format("'{}' is given twice", key), key);
      if (const Setting* setting = find_setting(key)) {
        read_setting(*setting, entry.second);
      } else if (is_section(key)) {
        if (!entry.second.IsMap()) fail(entry.second, fmt::format("'{}' must be a map", key), key);
        read_map(entry.second, key);
      } else {
        const std::string hint = did_you_mean(name, names_in(section));
        const bool near = hint.rfind("did you mean", 0) == 0;
        if (near || !section.empty() || !entry.second.IsMap())
          fail(entry.first, fmt::format("unknown key '{}'", key), key, hint);
        read_backend_section(name, entry.first, entry.second);
      }
    }
  }

  void read_backend_section(const std::string& name, const YAML::Node& key, const YAML::Node& map) {
    BackendSection section{name, {}, where(key)};
    std::set<std::string> seen;
    for (const auto& entry : map) {
      if (!entry.first.IsScalar()) fail(entry.first, "a key must be a text");
      const std::string option = entry.first.Scalar();
      if (!seen.insert(option).second)
        fail(entry.first, fmt::format("'{}.{}' is given twice", name, option),
             fmt::format("{}.{}", name, option));
      if (!entry.second.IsNull())
        section.options.emplace_back(option, option_text(name, option, entry.second));
    }
    config_.add_backend_section(std::move(section));
  }

  /// A list becomes a text with commas: what options of plugins are made of.
  std::string option_text(const std::string& section, const std::string& option,
                          const YAML::Node& node) const {
    if (node.IsScalar()) return node.Scalar();
    std::string text;
    if (!node.IsSequence()) fail(node, fmt::format("'{}.{}' must be a value or a list", section, option));
    for (const YAML::Node& item : node) {
      if (!item.IsScalar()) fail(item, fmt::format("'{}.{}' must be a value or a list", section, option));
      text += (text.empty() ? "" : ",") + item.Scalar();
    }
    return text;
  }

  static bool is_section(std::string_view key) {
    for (const Setting& setting : settings()) {
      if (!key.empty() && section_of(setting.key) == key) return true;
    }
    return false;
  }

  /// Keys that may stand in `section`; for the top level its sections too.
  static std::vector<std::string> names_in(std::string_view section) {
    std::vector<std::string> names;
    for (const Setting& setting : settings()) {
      const std::string_view own = section_of(setting.key);
      if (own == section) {
        names.emplace_back(section.empty() ? setting.key : setting.key.substr(section.size() + 1));
      } else if (section.empty() && (names.empty() || names.back() != own)) {
        names.emplace_back(own);
      }
    }
    return names;
  }

  void read_setting(const Setting& setting, const YAML::Node& node) {
    if (node.IsNull()) return;  // `stop:` with nothing behind it leaves the default
    std::vector<std::string> texts;
    switch (setting.type) {
      case SettingType::kTextList:
      case SettingType::kPathList:
      case SettingType::kIntList:
      case SettingType::kPassList:
        if (node.IsScalar()) {
          texts.push_back(scalar(setting, node));
        } else if (node.IsSequence()) {
          for (const YAML::Node& item : node) texts.push_back(list_item(setting, item));
        } else {
          wrong_type(setting, node);
        }
        break;
      case SettingType::kOptionMap:
        if (!node.IsMap()) wrong_type(setting, node);
        for (const auto& entry : node) {
          if (!entry.second.IsScalar()) wrong_type(setting, entry.second);
          texts.push_back(entry.first.Scalar() + "=" + entry.second.Scalar());
        }
        break;
      case SettingType::kObjectList:
        if (!node.IsSequence()) wrong_type(setting, node);
        for (const YAML::Node& item : node) {
          if (!item.IsMap()) wrong_type(setting, item);
          texts.push_back(json_of_yaml(item));
        }
        break;
      default:
        texts.push_back(scalar(setting, node));
    }
    try {
      config_.set(setting.key, std::move(texts), {OriginKind::kYaml, where(node)});
    } catch (const Error& error) {
      fail(node, fmt::format("'{}' must be {}: {}", setting.key, expectation(setting.type), error.message()),
           setting.key);
    }
  }

  std::string list_item(const Setting& setting, const YAML::Node& item) const {
    if (setting.type != SettingType::kPassList || !item.IsMap()) return scalar(setting, item);
    if (item.size() != 1) wrong_type(setting, item);
    std::string text = item.begin()->first.Scalar();
    const YAML::Node options = item.begin()->second;
    if (options.IsNull()) return text;
    if (!options.IsMap()) wrong_type(setting, options);
    char separator = ':';
    for (const auto& option : options) {
      if (!option.second.IsScalar()) wrong_type(setting, option.second);
      text += fmt::format("{}{}={}", separator, option.first.Scalar(), option.second.Scalar());
      separator = ',';
    }
    return text;
  }

  std::string scalar(const Setting& setting, const YAML::Node& node) const {
    if (!node.IsScalar()) wrong_type(setting, node);
    const std::string& text = node.Scalar();
    const fs::path folder = file_.parent_path();
    switch (setting.type) {
      case SettingType::kPath:
      case SettingType::kPathList:
        return text == "-" ? text : (folder / text).string();
      case SettingType::kModel:
        return fs::exists(folder / text) ? (folder / text).string() : text;
      default:
        return text;
    }
  }

  [[noreturn]] void wrong_type(const Setting& setting, const YAML::Node& node) const {
    fail(node, fmt::format("'{}' must be {}", setting.key, expectation(setting.type)), setting.key);
  }

  const fs::path& file_;
  Config& config_;
};

}  // namespace

void load_yaml(const fs::path& file, Config& config) {
  if (!fs::exists(file)) {
    throw Error(ErrorCode::kNotFound, "there is no such run file")
        .file(file.string())
        .remedy("configs/ has runs to copy");
  }
  YAML::Node root;
  try {
    root = YAML::LoadFile(file.string());
  } catch (const YAML::Exception& error) {
    const std::string where =
        error.mark.is_null() ? file.string() : fmt::format("{}:{}", file.string(), error.mark.line + 1);
    throw Error(ErrorCode::kInvalidArgument, fmt::format("this is not YAML: {}", error.msg))
        .file(where)
        .remedy("indent with spaces, never with tabs");
  }
  Reader(file, config).read(root);
}

}  // namespace tessera
