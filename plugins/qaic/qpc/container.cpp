#include "container.hpp"

#include <bit>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint32_t kMagic = 0x00A1CD7C;
constexpr uint64_t kHeaderBytes = 40;   // QAicQpc
constexpr uint64_t kSegmentBytes = 32;  // QpcSegment
constexpr uint16_t kSelfContained = 1;  // compressionType SLOWPATH; nothing is compressed
constexpr uint64_t kAlignment = 8;

[[noreturn]] void corrupt(const std::string& message, uint64_t offset) {
  throw Error(ErrorCode::kCorruptData, "malformed qpc: " + message)
      .offset(offset)
      .remedy("compile the model again, or copy the file again");
}

template <typename T>
T load(std::string_view file, uint64_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

void check_header(std::string_view file) {
  if (file.size() < kHeaderBytes)
    corrupt("the file has " + std::to_string(file.size()) + " bytes, a header has 40", file.size());
  if (load<uint32_t>(file, 0) != kMagic) corrupt("no magic number 7c cd a1 00", 0);
  const int major = load<uint8_t>(file, 4), minor = load<uint8_t>(file, 5);
  if (major != 0)
    throw Error(ErrorCode::kVersion, "the qpc has container version " + std::to_string(major) + "." +
                                         std::to_string(minor) + ", known is 0.1")
        .offset(4);
  const auto form = load<uint16_t>(file, 6);
  if (form == 0)
    throw Error(ErrorCode::kNotSupported, "the qpc is in the in-memory form (pointers), not self-contained")
        .offset(6);
  if (form != kSelfContained) corrupt("its form is " + std::to_string(form) + ", known are 0 and 1", 6);
  const auto size = load<uint64_t>(file, 8);
  if (size != file.size())
    corrupt("it says it has " + std::to_string(size) + " bytes, the file has " + std::to_string(file.size()),
            8);
}

/// Bounds-checked places of one file: from a stored pointer to an offset.
class Places {
 public:
  explicit Places(std::string_view file) : file_(file), base_(load<uint64_t>(file, 16)) {}

  /// Where `length` bytes start that the pointer stored at `at` points to.
  uint64_t range(uint64_t at, uint64_t length, const std::string& what) const {
    const uint64_t start =
        load<uint64_t>(file_, at) - base_;  // wraps around for a wild pointer: refused below
    if (start > file_.size() || length > file_.size() - start) corrupt(what + " leaves the file", at);
    return start;
  }
  std::string_view text(uint64_t at, const std::string& what) const {
    const uint64_t start = range(at, 1, what);
    const size_t end = file_.find('\0', start);
    if (end == std::string_view::npos) corrupt(what + " has no end", at);
    if (end == start) corrupt(what + " is empty", at);
    return file_.substr(start, end - start);
  }

 private:
  std::string_view file_;
  uint64_t base_;
};

Segment read_segment(std::string_view file, const Places& places, uint64_t at, uint64_t index) {
  const std::string what = "segment " + std::to_string(index);
  const auto size = load<uint64_t>(file, at);
  Segment segment;
  segment.static_bytes = load<uint64_t>(file, at + 8);
  segment.name = places.text(at + 16, "the name of " + what);
  segment.bytes = file.substr(places.range(at + 24, size, what), size);
  if (segment.static_bytes > size) corrupt(what + " has more static bytes than bytes", at + 8);
  return segment;
}

uint64_t padded(uint64_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

void append(std::string& out, uint64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

/// Header, table of segments and names: all that stands before the first payload.
std::string head_of(const std::vector<SegmentSource>& segments) {
  uint64_t name_at = kHeaderBytes + kSegmentBytes * segments.size();
  uint64_t bytes_at = name_at;
  for (const SegmentSource& segment : segments) bytes_at += padded(segment.name.size() + 1);

  std::string table, names;
  for (const SegmentSource& segment : segments) {
    append(table, segment.size);
    append(table, segment.static_bytes);
    append(table, name_at);
    append(table, bytes_at);
    names += segment.name;
    names.append(padded(segment.name.size() + 1) - segment.name.size(), '\0');
    name_at += padded(segment.name.size() + 1);
    bytes_at += padded(segment.size);
  }

  std::string head("\x7c\xcd\xa1\x00\x00\x01\x01\x00", 8);
  append(head, bytes_at);  // = size
  append(head, 0);         // base
  append(head, segments.size());
  append(head, kHeaderBytes);
  return head + table + names;
}

}  // namespace

std::vector<Segment> read_container(std::string_view file) {
  check_header(file);
  const Places places(file);
  const auto count = load<uint64_t>(file, 24);
  if (count > file.size() / kSegmentBytes)
    corrupt("it says it has " + std::to_string(count) + " segments", 24);
  const uint64_t table = places.range(32, count * kSegmentBytes, "the table of segments");

  std::vector<Segment> segments;
  std::unordered_set<std::string_view> names;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = table + i * kSegmentBytes;
    segments.push_back(read_segment(file, places, at, i));
    if (!names.insert(segments.back().name).second)
      corrupt("two segments are named '" + std::string(segments.back().name) + "'", at);
  }
  return segments;
}

const Segment* find_segment(const std::vector<Segment>& segments, std::string_view name) {
  for (const Segment& segment : segments)
    if (segment.name == name) return &segment;
  return nullptr;
}

SegmentSource segment_of(std::string name, std::string bytes) {
  SegmentSource source;
  source.name = std::move(name);
  source.size = bytes.size();
  source.write = [bytes = std::move(bytes)](const ByteSink& sink) { sink(bytes); };
  return source;
}

void write_container(const std::vector<SegmentSource>& segments, const ByteSink& sink) {
  std::unordered_set<std::string_view> names;
  for (const SegmentSource& segment : segments) {
    if (segment.name.empty() || segment.name.find('\0') != std::string::npos ||
        !names.insert(segment.name).second)
      throw Error(ErrorCode::kInvalidArgument,
                  "a qpc cannot have a segment named '" + segment.name + "' here");
  }
  sink(head_of(segments));
  for (const SegmentSource& segment : segments) {
    uint64_t written = 0;
    segment.write([&](std::string_view bytes) {
      written += bytes.size();
      sink(bytes);
    });
    if (written != segment.size)
      throw Error(ErrorCode::kInternal, "segment '" + segment.name + "' is " + std::to_string(written) +
                                            " bytes, announced were " + std::to_string(segment.size));
    sink(std::string(padded(written) - written, '\0'));
  }
}

}  // namespace tessera::qaic
