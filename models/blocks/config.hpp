/// config.json as an architecture reads it: typed values, and errors that name the key.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/sdk/error.hpp"

namespace tessera::blocks {

/// config.json or an object in it. A key that is null counts as absent, as in Hugging Face's own classes.
/// Functions without a fallback throw kNotFound when the key is absent; all throw kCorruptData when the value
/// is of another kind. Errors name file and key ("rope_scaling.factor"). Any thread.
class Config {
 public:
  /// Throws kCorruptData when the text is no JSON object.
  static Config parse(std::string_view text);

  bool empty() const { return object_.empty(); }
  size_t count() const { return object_.size(); }  ///< keys of this object
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Whether the key is there at all, null or not: some classes read a null and an absent key differently.
  bool mentions(std::string_view key) const { return object_.contains(key); }

  int64_t integer(std::string_view key) const;
  int64_t integer(std::string_view key, int64_t fallback) const;
  /// Sizes and counts: an integer from 1 to 2^24, so that products of three fit.
  int64_t size(std::string_view key) const;
  int64_t size(std::string_view key, int64_t fallback) const;
  /// Finite.
  double number(std::string_view key) const;
  double number(std::string_view key, double fallback) const;
  /// Finite and > 0, also as a float32.
  double positive(std::string_view key) const;
  double positive(std::string_view key, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  /// A list of numbers, each finite and > 0.
  std::vector<double> positives(std::string_view key) const;
  /// A list of texts; empty when the key is absent.
  std::vector<std::string> texts(std::string_view key) const;
  /// The object under `key`.
  std::optional<Config> section(std::string_view key) const;
  /// Keys of this object whose value is an object.
  std::vector<std::string> sections() const;

  /// "rope_scaling.factor"
  std::string path(std::string_view key) const;
  /// An error about the value of `key`: "'rope_scaling.factor' " + what.
  Error error(ErrorCode code, std::string_view key, const std::string& what) const;

 private:
  Config(boost::json::object object, std::string path) : object_(std::move(object)), path_(std::move(path)) {}

  const boost::json::value* find(std::string_view key) const;
  const boost::json::value& at(std::string_view key) const;
  int64_t as_integer(std::string_view key, const boost::json::value& value) const;
  int64_t as_size(std::string_view key, const boost::json::value& value) const;
  double as_number(std::string_view key, const boost::json::value& value) const;
  double as_positive(std::string_view key, const boost::json::value& value) const;

  boost::json::object object_;
  std::string path_;  // of this object: "rope_scaling."; empty at the top
};

}  // namespace tessera::blocks
