/// The values of the settings of one run, each with where it came from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/pass_spec.hpp"
#include "core/config/setting.hpp"

namespace tessera {

/// Where a value came from; a higher one wins.
enum class OriginKind { kDefault, kCheckpoint, kYaml, kEnvironment, kFlag, kRequest };

struct Origin {
  OriginKind kind = OriginKind::kDefault;
  std::string
      where;  ///< "configs/generate.yaml:7", "TESSERA_ISA", "--isa", "in.jsonl, line 3"; empty: default
};

/// "flag --isa", "configs/generate.yaml:7", "default".
std::string to_string(const Origin& origin);

/// A section of a run file that bears no name of ours: options of the backend of that name.
struct BackendSection {
  std::string backend;
  std::vector<std::pair<std::string, std::string>> options;
  std::string where;  ///< "configs/qaic.yaml:7"
};

/// A value is a list of texts; scalars have one. Not thread-safe while being filled.
class Config {
 public:
  /// Every setting at its default, overlaid by the environment.
  static Config from_environment();

  /// Takes the value unless one of a higher origin is there; of a map key by key. Throws Error
  /// kInvalidArgument when a text does not parse as the setting's type (naming key and origin), kNotFound for
  /// an unknown key (naming the nearest).
  void set(std::string_view key, std::vector<std::string> value, Origin origin);

  bool has(std::string_view key) const;  ///< a value other than an empty default
  std::string text(std::string_view key) const;
  int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::vector<std::string> list(std::string_view key) const;
  std::vector<int64_t> integers(std::string_view key) const;
  std::vector<PassSpec> passes(std::string_view key) const;
  std::vector<std::pair<std::string, std::string>> options(std::string_view key) const;
  Origin origin(std::string_view key) const;

  void add_backend_section(BackendSection section) { sections_.push_back(std::move(section)); }
  /// Those of the run file, in its order. Whether such backends exist is not known here.
  const std::vector<BackendSection>& backend_sections() const { return sections_; }

 private:
  struct Value {
    std::vector<std::string> texts;
    Origin origin;
  };
  const Value& value(std::string_view key) const;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<BackendSection> sections_;
};

/// Adds the settings of a run file to `config` with origin kYaml; a map under a key that is no section of the
/// settings becomes a BackendSection, unless it is nearly one. Paths in the file are relative to its
/// folder. Throws Error kNotFound (no such file) or kInvalidArgument with file:line, the key, what was
/// expected and, for an unknown key, the nearest one.
void load_yaml(const std::filesystem::path& file, Config& config);

/// The JSON Schema (draft 2020-12) of a run file, made from the table of settings; ends with a newline.
std::string run_schema();

}  // namespace tessera
