#include <fmt/format.h>

#include "core/config/config.hpp"

namespace tessera {
namespace {

/// The JSON Schema of one value, without its description.
std::string_view value_schema(SettingType type) {
  switch (type) {
    case SettingType::kInt:
      return R"("type": "integer")";
    case SettingType::kDouble:
      return R"("type": "number")";
    case SettingType::kBool:
      return R"("type": "boolean")";
    case SettingType::kTextList:
    case SettingType::kPathList:
      return R"("type": ["string", "array"], "items": {"type": "string"})";
    case SettingType::kIntList:
      return R"("type": "array", "items": {"type": "integer"})";
    case SettingType::kPassList:
      return R"("type": "array", "items": {"type": ["string", "object"], "maxProperties": 1})";
    case SettingType::kObjectList:
      return R"("type": "array", "items": {"type": "object"})";
    case SettingType::kOptionMap:
      return R"("type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]})";
    default:
      return R"("type": "string")";
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string property(const Setting& setting, std::string_view indent) {
  const std::string_view section = section_of(setting.key);
  const std::string_view name = section.empty() ? setting.key : setting.key.substr(section.size() + 1);
  std::string text = fmt::format("{}\"{}\": {{{}", indent, name, value_schema(setting.type));
  if (setting.minimum != INT64_MIN) text += fmt::format(", \"minimum\": {}", setting.minimum);
  if (!setting.default_text.empty() && setting.type != SettingType::kText) {
    text += fmt::format(", \"default\": {}", setting.default_text);
  } else if (!setting.default_text.empty()) {
    text += fmt::format(", \"default\": \"{}\"", escaped(setting.default_text));
  }
  return text + fmt::format(", \"description\": \"{}\"}}", escaped(setting.help));
}

}  // namespace

std::string run_schema() {
  std::string out =
      "{\n"
      "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
      "  \"title\": \"A Tessera run\",\n"
      "  \"type\": \"object\",\n"
      "  \"additionalProperties\": {\n"
      "    \"type\": \"object\",\n"
      "    \"additionalProperties\": {\"type\": [\"string\", \"number\", \"boolean\", \"array\"]},\n"
      "    \"description\": \"options of the backend of this name\"\n"
      "  },\n"
      "  \"properties\": {";
  std::string_view open_section;
  std::string_view separator = "\n";
  for (const Setting& setting : settings()) {
    const std::string_view section = section_of(setting.key);
    if (section != open_section) {
      if (!open_section.empty()) out += "\n      }\n    }";
      out += fmt::format(
          "{}    \"{}\": {{\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n"
          "      \"properties\": {{",
          open_section.empty() ? separator : ",\n", section);
      open_section = section;
      separator = "\n";
    }
    out += separator;
    out += property(setting, section.empty() ? "    " : "        ");
    separator = ",\n";
  }
  if (!open_section.empty()) out += "\n      }\n    }";
  return out + "\n  }\n}\n";
}

}  // namespace tessera
