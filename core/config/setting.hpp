/// The settings of a run: one table that the YAML reader, the command line, the environment, the JSON Schema
/// and the documentation are all made from, so that they cannot disagree.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tessera {

/// What a setting's text must parse as. Lists take any number of texts.
enum class SettingType {
  kText,
  kPath,   ///< in YAML relative to the YAML file
  kModel,  ///< a folder (in YAML relative to the YAML file) or a hub id
  kInt,
  kDouble,
  kBool,
  kTextList,
  kPathList,    ///< in YAML relative to the YAML file
  kIntList,     ///< flag form: 1,2,3
  kPassList,    ///< `id` or `id:option=value,option=value`; in YAML `- id` or `- id: {option: value}`
  kOptionMap,   ///< flag form, repeatable: key=value; in YAML a map
  kObjectList,  ///< each text a JSON object; in YAML a list of maps
};

struct Setting {
  std::string_view key;  ///< path in the YAML file: "generate.max_new_tokens"
  SettingType type;
  std::string_view flag;          ///< long name, and a letter after a comma; empty: YAML only
  std::string_view environment;   ///< variable; empty: none
  std::string_view default_text;  ///< printed form; empty: none
  std::string_view help;          ///< one sentence, lower case, no full stop
  int64_t minimum = INT64_MIN;    ///< of kInt
  bool negated_flag = false;      ///< the flag sets a kBool to false ("--no-stream": do not + help)
};

/// All settings in the order of the documentation. Static data.
std::span<const Setting> settings();

/// Null when no setting has this key.
const Setting* find_setting(std::string_view key);

/// The section of a key: "generate" of "generate.stop"; "" of "model".
std::string_view section_of(std::string_view key);

}  // namespace tessera
