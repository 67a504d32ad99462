/// Reading JSON with the key path at hand: a wrong type or a missing key becomes an Error that names file and
/// key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace boost::json {
class value;
}

namespace tessera::tokenizer {

class JsonDocument;

/// A value in a JsonDocument, which must outlive it. Every reading function throws Error kCorruptData with
/// the file and the key path when the value is not of the type asked for. Cheap to copy; const methods from
/// any thread.
class JsonNode {
 public:
  /// Key path from the root, as in an error message: "model.merges[3]"; "" for the root.
  std::string path() const;

  bool is_null() const;
  bool is_string() const;
  bool is_object() const;
  bool is_array() const;

  /// Member of an object; throws when it is missing.
  JsonNode at(std::string_view key) const;
  /// Member of an object; nullopt when it is missing or null.
  std::optional<JsonNode> find(std::string_view key) const;
  std::vector<std::pair<std::string_view, JsonNode>> members() const;
  std::vector<JsonNode> elements() const;

  std::string_view string() const;
  bool boolean() const;
  int64_t integer() const;
  double number() const;

  std::string_view string_or(std::string_view key, std::string_view otherwise) const;
  bool boolean_or(std::string_view key, bool otherwise) const;
  int64_t integer_or(std::string_view key, int64_t otherwise) const;

  /// The object as a list of (key, integer): a vocabulary. Fast on hundreds of thousands of members.
  std::vector<std::pair<std::string_view, int64_t>> integer_members() const;
  /// The array as pairs of texts, each an array of two strings or one string with one space between them:
  /// merges.
  std::vector<std::pair<std::string_view, std::string_view>> string_pairs() const;

  /// The array as (text, number), each an array of both: the vocabulary of Unigram.
  std::vector<std::pair<std::string_view, double>> scored_strings() const;

  [[noreturn]] void fail(std::string message) const;
  [[noreturn]] void fail_not_supported(std::string message) const;

 private:
  friend class JsonDocument;
  /// The way to the root; only walked for messages.
  struct Step {
    std::shared_ptr<const Step> parent;
    std::string name;
  };
  JsonNode(const boost::json::value* value, std::shared_ptr<const Step> step)
      : value_(value), step_(std::move(step)) {}
  JsonNode child(const boost::json::value& value, std::string name) const;
  [[noreturn]] void fail_type(std::string_view expected) const;

  const boost::json::value* value_;
  std::shared_ptr<const Step> step_;
};

/// A parsed file. Movable.
class JsonDocument {
 public:
  /// Throws Error kCorruptData with the parser's message and the byte when `text` is not JSON (or not UTF-8).
  explicit JsonDocument(std::string_view text);
  /// Takes a value that is no file's.
  explicit JsonDocument(boost::json::value&& value);
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  JsonNode root() const;

 private:
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace tessera::tokenizer
