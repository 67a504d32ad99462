#include "core/checkpoint/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/checkpoint/safetensors_header.hpp"
#include "core/checkpoint/unaligned.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr std::string_view kFetchAgain = "fetch the file again; an interrupted download leaves such files";

uint64_t little_endian_64(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (size_t i = 8; i-- > 0;) value = (value << 8) | std::to_integer<uint64_t>(bytes[i]);
  return value;
}

struct Lookalike {
  std::string_view prefix;
  std::string_view what;
  std::string_view remedy;
};

// What is found in the place of weights often enough to be called by its name.
constexpr Lookalike kLookalikes[] = {
    {"version https://git-lfs", "this is a pointer of Git LFS, not the weights",
     "run 'git lfs pull' in the repository"},
    {"../", "this is the text of a link, not the weights", "check the folder out again with links enabled"},
    {"PK\x03\x04", "this is a pickle of PyTorch, not safetensors", "convert it to safetensors"},
    {"GGUF", "this is a GGUF file, not safetensors", "use the original safetensors checkpoint"},
    {"<!DOCTYPE", "this is a web page, not the weights", "fetch the file itself, not its page"},
    {"<html", "this is a web page, not the weights", "fetch the file itself, not its page"},
};

void refuse_lookalikes(const MappedFile& file) {
  std::span<const std::byte> bytes = file.bytes();
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 64));
  for (const Lookalike& known : kLookalikes) {
    if (text.substr(0, known.prefix.size()) != known.prefix) continue;
    throw Error(ErrorCode::kCorruptData, std::string(known.what))
        .file(file.path().string())
        .offset(0)
        .remedy(known.remedy);
  }
}

/// The length of the header, checked against the cap and the file.
uint64_t header_length(const MappedFile& file) {
  uint64_t length = 0;
  std::string reason;
  if (file.size() < kLengthBytes) {
    reason = fmt::format("the file has {} bytes, too few for the header length", file.size());
  } else {
    length = little_endian_64(file.bytes().first(kLengthBytes));
    if (length > SafetensorsFile::kMaxHeaderBytes) {
      reason = fmt::format("the header length is {} bytes, the format allows {}", length,
                           SafetensorsFile::kMaxHeaderBytes);
    } else if (length > file.size() - kLengthBytes) {
      reason = fmt::format("the header length is {} bytes, but the file ends {} bytes after the length",
                           length, file.size() - kLengthBytes);
    }
  }
  if (reason.empty()) return length;
  refuse_lookalikes(file);
  throw Error(ErrorCode::kCorruptData, reason).file(file.path().string()).offset(0).remedy(kFetchAgain);
}

/// Tensors must fill the rest of the file one after another, without hole, overlap or tail, in any order of
/// the text.
void check_layout(const SafetensorsHeader& header, uint64_t data_start, const MappedFile& file) {
  std::vector<const HeaderEntry*> order;
  for (const HeaderEntry& entry : header.entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const HeaderEntry* a, const HeaderEntry* b) {
    return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
  });
  uint64_t data_bytes = file.size() - data_start;
  uint64_t expected = 0;
  const HeaderEntry* before = nullptr;
  auto refuse = [&](const HeaderEntry* entry, uint64_t at, std::string reason, std::string_view remedy) {
    throw Error(ErrorCode::kCorruptData, std::move(reason))
        .file(file.path().string())
        .key(entry == nullptr ? std::string_view() : std::string_view(entry->name))
        .offset(data_start + at)
        .remedy(remedy);
  };
  for (const HeaderEntry* entry : order) {
    if (entry->begin < expected) {
      refuse(entry, entry->begin,
             fmt::format("the data begins at {}, inside that of '{}', which ends at {}", entry->begin,
                         before->name, expected),
             "the writer of the file was faulty: save it anew");
    }
    if (entry->begin > expected) {
      refuse(entry, expected,
             fmt::format("the data begins at {}, but {} bytes before it belong to no tensor", entry->begin,
                         entry->begin - expected),
             "the writer of the file was faulty: save it anew");
    }
    if (entry->end > data_bytes) {
      refuse(entry, data_bytes,
             fmt::format("the data ends at {}, but the file holds only {} bytes of data", entry->end,
                         data_bytes),
             kFetchAgain);
    }
    expected = entry->end;
    before = entry;
  }
  if (expected != data_bytes) {
    refuse(nullptr, expected,
           fmt::format("{} bytes after the last tensor belong to none", data_bytes - expected),
           "the writer of the file was faulty: save it anew");
  }
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  SafetensorsFile result;
  result.file_ = MappedFile::open(path);
  const MappedFile& file = *result.file_;
  uint64_t length = header_length(file);
  std::string_view text(reinterpret_cast<const char*>(file.bytes().data()) + kLengthBytes, length);
  SafetensorsHeader header = parse_safetensors_header(text, path.string());
  uint64_t data_start = kLengthBytes + length;
  check_layout(header, data_start, file);

  result.metadata_ = std::move(header.metadata);
  result.tensors_.reserve(header.entries.size());
  for (HeaderEntry& entry : header.entries) {
    result.tensors_.push_back({std::move(entry.name), entry.dtype, std::move(entry.dims),
                               data_start + entry.begin, entry.end - entry.begin});
  }
  std::sort(result.tensors_.begin(), result.tensors_.end(),
            [](const StoredTensor& a, const StoredTensor& b) { return a.name < b.name; });
  return result;
}

const StoredTensor* SafetensorsFile::find_tensor(std::string_view name) const {
  auto found = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                [](const StoredTensor& a, std::string_view b) { return a.name < b; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

const StoredTensor& SafetensorsFile::tensor(std::string_view name) const {
  if (const StoredTensor* found = find_tensor(name)) return *found;
  throw Error(ErrorCode::kNotFound, "the file has no such tensor").file(path().string()).key(name);
}

std::vector<float> SafetensorsFile::floats(std::string_view name) const {
  const StoredTensor& found = tensor(name);
  std::vector<float> values(found.element_count());
  widen_to_float(found.dtype, bytes(found), values);
  return values;
}

}  // namespace tessera
