/// The QPC container, `programqpc.bin`: named segments of bytes behind a header that is the image of a C
/// struct (little endian, 64 bits).
///
///   0   u32 magic 0x00A1CD7C      8   u64 size of the whole file     24  u64 number of segments
///   4   u8 major 0, u8 minor 1    16  u64 base                       32  u64 base + 40
///   6   u16 1 = self-contained    40  segments: u64 size, u64 static size, u64 base + name, u64 base + bytes
///   ... names, each with a NUL and padded to 8; bytes of the segments, each padded to 8
///
/// Stored pointers are relative to `base`: 0 in files, the builder's buffer in what was built in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::qaic {

/// A view into the bytes of a container.
struct Segment {
  std::string_view name;
  std::string_view bytes;
  uint64_t static_bytes = 0;  ///< of constants.bin: how many come first that every activation shares
};

/// The segments in their order. No byte outside `file` is touched. Throws Error kCorruptData with the byte
/// offset: bad magic, a size that is not the file's, a segment or name that leaves the file, two segments of
/// one name; kVersion for another major version, kNotSupported for the in-memory form (pointers).
std::vector<Segment> read_container(std::string_view file);

/// Null when there is none.
const Segment* find_segment(const std::vector<Segment>& segments, std::string_view name);

/// Takes the next bytes of what is written.
using ByteSink = std::function<void(std::string_view)>;

/// A segment to write: exactly `size` bytes come out of `write`, in as many pieces as it likes.
struct SegmentSource {
  std::string name;
  uint64_t size = 0;
  std::function<void(const ByteSink&)> write;
  uint64_t static_bytes = 0;
};

/// A segment whose bytes are in memory.
SegmentSource segment_of(std::string name, std::string bytes);

/// Writes a container front to back (base 0), holding nothing but its header. Throws kInvalidArgument for a
/// bad name, kInternal when a source gives another number of bytes than it said, and what sources and sink
/// throw.
void write_container(const std::vector<SegmentSource>& segments, const ByteSink& sink);

}  // namespace tessera::qaic
