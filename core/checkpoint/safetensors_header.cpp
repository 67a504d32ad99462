#include "core/checkpoint/safetensors_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <optional>
#include <set>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace json = boost::json;

constexpr uint64_t kTextStart = 8;  // after the length field
constexpr std::string_view kDamaged =
    "the file is damaged, or its writer was faulty: fetch it again or save it anew";

/// Why the reader stopped.
struct Failure {
  ErrorCode code = ErrorCode::kCorruptData;
  std::string reason;
};

/// The grammar of the header above plain JSON, fed with events. Each returns false to stop the parser;
/// `failure()` then says why. Holds nothing but what the header declares, so a header of nonsense costs no
/// memory.
class HeaderGrammar {
 public:
  bool begin_object() {
    if (skipping()) return deeper();
    switch (place_) {
      case Place::kStart:
        return go(Place::kTop);
      case Place::kTop:
        return key_ == "__metadata__" ? go(Place::kMetadata) : begin_entry();
      case Place::kEntry:
        return field_ == Field::kUnknown ? deeper() : unexpected("an object");
      default:
        return unexpected("an object");
    }
  }

  bool end_object() {
    if (skipping()) return shallower();
    switch (place_) {
      case Place::kMetadata:
        return go(Place::kTop);
      case Place::kEntry:
        return end_entry();
      default:
        return go(Place::kEnd);
    }
  }

  bool begin_array() {
    if (skipping()) return deeper();
    if (place_ == Place::kEntry) {
      if (field_ == Field::kUnknown) return deeper();
      if (field_ == Field::kShape) return go(Place::kShape);
      if (field_ == Field::kOffsets) return go(Place::kOffsets);
    }
    return unexpected("an array");
  }

  bool end_array() {
    if (skipping()) return shallower();
    if (place_ == Place::kOffsets && offsets_.size() != 2) {
      return fail(fmt::format("data_offsets has {} numbers, expected 2", offsets_.size()));
    }
    return go(Place::kEntry);
  }

  bool key(std::string&& key) {
    if (skipping()) return true;
    switch (place_) {
      case Place::kTop:
        return begin_name(std::move(key));
      case Place::kMetadata:
        return begin_metadata(std::move(key));
      default:
        return begin_field(key);
    }
  }

  bool string(std::string&& value) {
    if (skipping()) return true;
    if (place_ == Place::kMetadata) {
      header_.metadata[metadata_key_] = std::move(value);
      return true;
    }
    if (place_ != Place::kEntry) return unexpected("a string");
    if (field_ == Field::kUnknown) return true;
    return field_ == Field::kDtype ? set_dtype(value) : unexpected("a string");
  }

  bool integer(uint64_t value) {
    if (skipping()) return true;
    if (place_ == Place::kShape) return add_dim(value);
    if (place_ == Place::kOffsets) {
      if (offsets_.size() < 3) offsets_.push_back(value);  // a third is enough to refuse
      return true;
    }
    return other("a number");
  }

  bool negative(int64_t value) { return other(fmt::format("the negative number {}", value)); }

  /// A boolean, null, or a number that is no integer of 64 bits.
  bool other(std::string_view what) {
    if (skipping()) return true;
    if (place_ == Place::kEntry && field_ == Field::kUnknown) return true;
    if (place_ == Place::kTop && key_ == "__metadata__" && what == "null") return true;
    return unexpected(what);
  }

  const std::optional<Failure>& failure() const { return failure_; }
  /// The tensor being read, or empty.
  const std::string& tensor() const { return key_; }
  SafetensorsHeader release() { return std::move(header_); }

 private:
  enum class Place { kStart, kTop, kMetadata, kEntry, kShape, kOffsets, kEnd };
  enum class Field { kNone, kDtype, kShape, kOffsets, kUnknown };

  bool skipping() const { return skipped_levels_ > 0; }
  bool deeper() {
    ++skipped_levels_;
    return true;
  }
  bool shallower() {
    --skipped_levels_;
    return true;
  }
  bool go(Place place) {
    place_ = place;
    return true;
  }

  bool fail(std::string reason, ErrorCode code = ErrorCode::kCorruptData) {
    failure_ = Failure{code, std::move(reason)};
    return false;
  }

  bool unexpected(std::string_view found) {
    switch (place_) {
      case Place::kTop:
        return fail(
            fmt::format("the entry is {}, expected an object with dtype, shape and data_offsets", found));
      case Place::kMetadata:
        return fail(fmt::format("the metadata '{}' is {}, expected a string", metadata_key_, found));
      case Place::kEntry:
        if (field_ == Field::kDtype) return fail(fmt::format("dtype is {}, expected a string", found));
        return fail(fmt::format("{} is {}, expected an array of integers",
                                field_ == Field::kShape ? "shape" : "data_offsets", found));
      case Place::kShape:
        return fail(fmt::format("shape holds {}, expected integers from 0", found));
      case Place::kOffsets:
        return fail(fmt::format("data_offsets holds {}, expected integers from 0", found));
      default:
        return fail(fmt::format("the header is {}, expected an object", found));
    }
  }

  bool begin_name(std::string&& name) {
    key_ = std::move(name);
    if (!names_.insert(key_).second) return fail("the name occurs twice in the header");
    return true;
  }

  bool begin_metadata(std::string&& key) {
    metadata_key_ = std::move(key);
    if (header_.metadata.emplace(metadata_key_, std::string()).second) return true;
    return fail(fmt::format("the key '{}' occurs twice in __metadata__", metadata_key_));
  }

  bool begin_entry() {
    entry_ = HeaderEntry{};
    entry_.name = key_;
    offsets_.clear();
    fields_.clear();
    return go(Place::kEntry);
  }

  bool begin_field(const std::string& name) {
    field_ = name == "dtype"          ? Field::kDtype
             : name == "shape"        ? Field::kShape
             : name == "data_offsets" ? Field::kOffsets
                                      : Field::kUnknown;
    if (!fields_.insert(name).second) return fail(fmt::format("the field '{}' occurs twice", name));
    return true;
  }

  bool set_dtype(const std::string& name) {
    std::optional<DType> dtype = find_dtype(name);
    if (!dtype) {
      return fail(fmt::format("unknown dtype '{}'; known are {}", name, dtype_names()),
                  ErrorCode::kNotSupported);
    }
    entry_.dtype = *dtype;
    return true;
  }

  bool add_dim(uint64_t dim) {
    if (dim > INT64_MAX) return fail(fmt::format("the dimension {} is too large", dim));
    entry_.dims.push_back(static_cast<int64_t>(dim));
    return true;
  }

  bool end_entry() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (fields_.count(field) == 0) return fail(fmt::format("the entry has no {}", field));
    }
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    if (!check_size()) return false;
    header_.entries.push_back(std::move(entry_));
    key_.clear();
    return go(Place::kTop);
  }

  bool check_size() {
    if (entry_.end < entry_.begin) {
      return fail(fmt::format("data_offsets [{}, {}] end before they begin", entry_.begin, entry_.end));
    }
    uint64_t bytes = dtype_size(entry_.dtype);
    for (int64_t dim : entry_.dims) {
      if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(dim), &bytes)) {
        return fail("the dimensions multiply to more bytes than 64 bits can count");
      }
    }
    if (bytes == entry_.end - entry_.begin) return true;
    return fail(fmt::format("data_offsets [{}, {}] hold {} bytes, but {} [{}] has {}", entry_.begin,
                            entry_.end, entry_.end - entry_.begin, dtype_name(entry_.dtype),
                            fmt::join(entry_.dims, ", "), bytes));
  }

  SafetensorsHeader header_;
  std::optional<Failure> failure_;
  std::set<std::string, std::less<>> names_;   // of the top level
  std::set<std::string, std::less<>> fields_;  // of the entry being read
  Place place_ = Place::kStart;
  Field field_ = Field::kNone;
  uint64_t skipped_levels_ = 0;  // open levels inside the value of an unknown field
  std::string key_;              // of the top level
  std::string metadata_key_;
  HeaderEntry entry_;
  std::vector<uint64_t> offsets_;
};

/// Translates Boost.JSON's events; joins strings that come in parts.
class HeaderEvents {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Code = json::error_code;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code& ec) { return told(grammar.begin_object(), ec); }
  bool on_object_end(std::size_t, Code& ec) { return told(grammar.end_object(), ec); }
  bool on_array_begin(Code& ec) { return told(grammar.begin_array(), ec); }
  bool on_array_end(std::size_t, Code& ec) { return told(grammar.end_array(), ec); }
  bool on_key_part(json::string_view s, std::size_t, Code&) { return append(s); }
  bool on_key(json::string_view s, std::size_t, Code& ec) {
    append(s);
    return told(grammar.key(take()), ec);
  }
  bool on_string_part(json::string_view s, std::size_t, Code&) { return append(s); }
  bool on_string(json::string_view s, std::size_t, Code& ec) {
    append(s);
    return told(grammar.string(take()), ec);
  }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(std::int64_t i, json::string_view, Code& ec) {
    return told(i < 0 ? grammar.negative(i) : grammar.integer(static_cast<uint64_t>(i)), ec);
  }
  bool on_uint64(std::uint64_t u, json::string_view, Code& ec) { return told(grammar.integer(u), ec); }
  bool on_double(double, json::string_view, Code& ec) {
    return told(grammar.other("a number that is no 64-bit integer"), ec);
  }
  bool on_bool(bool, Code& ec) { return told(grammar.other("a boolean"), ec); }
  bool on_null(Code& ec) { return told(grammar.other("null"), ec); }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }

  HeaderGrammar grammar;

 private:
  static bool told(bool go_on, Code& ec) {
    if (!go_on) ec = json::make_error_code(json::error::syntax);
    return go_on;
  }
  bool append(json::string_view s) {
    text_.append(s.data(), s.size());
    return true;
  }
  std::string take() {
    std::string text = std::move(text_);
    text_.clear();
    return text;
  }

  std::string text_;
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::string_view file) {
  json::basic_parser<HeaderEvents> parser{json::parse_options{}};
  json::error_code ec;
  size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && consumed < text.size()) ec = json::error::extra_data;
  HeaderGrammar& grammar = parser.handler().grammar;
  if (!ec) return grammar.release();

  Failure failure;
  if (grammar.failure()) {
    failure = *grammar.failure();
  } else if (ec == json::error::incomplete) {
    failure.reason = "the JSON text of the header ends too early";
  } else if (ec == json::error::extra_data) {
    failure.reason = "the header has more text after its JSON object";
  } else {
    failure.reason = fmt::format("the header is not JSON ({})", ec.message());
  }
  throw Error(failure.code, failure.reason)
      .file(file)
      .key(grammar.tensor())
      .offset(kTextStart + consumed)
      .remedy(failure.code == ErrorCode::kNotSupported ? "save the tensor in one of the known types"
                                                       : kDamaged);
}

}  // namespace tessera
