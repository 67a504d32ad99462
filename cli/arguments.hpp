/// The command line of one command: flags from the table of settings and flags of its own, help and parsing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace tessera::cli {

/// A flag that is no setting of a run ("--output").
struct Flag {
  std::string name;     ///< long name without dashes
  char letter = '\0';   ///< '\0': none
  std::string metavar;  ///< "FILE"; empty: a switch
  std::string default_text;
  std::string help;  ///< one sentence, lower case, no full stop
  bool repeatable = false;
  bool value_optional = false;  ///< without "=value" it means "true"
  bool backend_option = false;  ///< goes into compile.options
};

/// Thrown for a command line that cannot be understood: exit code 2, usage on stderr.
class UsageError : public std::exception {
 public:
  UsageError(std::string message, std::string remedy)
      : message_(std::move(message)), remedy_(std::move(remedy)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& remedy() const { return remedy_; }

 private:
  std::string message_, remedy_;
};

/// What a command accepts, and after parse() what it got.
class Arguments {
 public:
  explicit Arguments(std::string usage) : usage_(std::move(usage)) {}

  /// Settings by key prefix ("compile" takes the section, "model" the one setting) under a heading of the
  /// help.
  void add_settings(std::string heading, const std::vector<std::string_view>& keys);
  void add_flags(std::string heading, std::vector<Flag> flags);
  /// Positional argument; it stands for the setting or flag of that name ("model").
  void add_positional(std::string name) { positional_.push_back(std::move(name)); }

  /// All further positional arguments, each a value of that flag.
  void add_positionals(std::string name) { rest_ = std::move(name); }

  bool knows(std::string_view flag) const;  ///< it was added

  /// Underscores in names of flags count as dashes.
  /// Throws UsageError (unknown flag with the nearest, value missing, too many arguments) or Error (a value
  /// that does not parse). Settings end up in config() over environment and defaults; every flag value in
  /// get()/list().
  void parse(const std::vector<std::string>& args);

  Config& config() { return config_; }
  bool has(std::string_view flag) const;
  std::string get(std::string_view flag) const;  ///< given value, else the default
  std::vector<std::string> list(std::string_view flag) const;
  int64_t integer(std::string_view flag, int64_t minimum) const;  ///< throws UsageError
  std::vector<int64_t> integers(std::string_view flag,
                                int64_t minimum) const;  ///< "1,2,3"; throws UsageError

  std::string help(std::string_view summary) const;

 private:
  struct Entry {
    std::string heading;
    Flag flag;
    const Setting* setting = nullptr;
  };
  const Entry& entry(std::string_view name) const;  ///< of a flag that was added
  void apply_settings();

  std::string usage_;
  std::vector<Entry> entries_;
  std::vector<std::string> positional_;
  std::string rest_;  // flag of all further arguments; empty: there must be none
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  Config config_ = Config::from_environment();
};

/// "--num_cores=a_b" -> "--num-cores=a_b"; anything but a long flag stays as it is.
std::string with_dashed_name(const std::string& argument);

/// "1,2,3" -> {"1", "2", "3"}; empty text gives nothing.
std::vector<std::string> split_commas(std::string_view text);

}  // namespace tessera::cli
