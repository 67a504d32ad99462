#include "core/tokenizer/folder/vocabulary_files.hpp"

#include <fmt/format.h>

#include "core/tokenizer/file_text.hpp"
#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

/// A line of a file, for messages.
struct Line {
  std::string_view text;  // without the line end, "\n" or "\r\n"
  size_t number;          // from 1
  size_t offset;
};

[[noreturn]] void fail(const std::filesystem::path& file, const Line& line, const std::string& what) {
  throw Error(ErrorCode::kCorruptData, fmt::format("line {} {}", line.number, what))
      .file(file.string())
      .offset(line.offset)
      .remedy("download the file again");
}

/// Calls `take(line)` for each line; they are valid UTF-8.
template <typename Take>
void for_each_line(const std::filesystem::path& file, Take take) {
  const std::string text = read_file(file);
  Line line{{}, 1, 0};
  for (; line.offset < text.size(); ++line.number) {
    const size_t end = std::min(text.find('\n', line.offset), text.size());
    line.text = std::string_view(text).substr(line.offset, end - line.offset);
    if (!line.text.empty() && line.text.back() == '\r') line.text.remove_suffix(1);
    if (const size_t bad = find_invalid_utf8(line.text); bad != std::string_view::npos)
      fail(file, line, fmt::format("is not valid UTF-8 at its byte {}", bad));
    take(line);
    line.offset = end + 1;
  }
}

std::string_view without_trailing_space(std::string_view text) {
  while (!text.empty()) {
    const size_t last = previous_utf8(text, text.size());
    if (!is_whitespace(decode_utf8(text, last).value)) break;
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace

VocabularyIds read_vocab_json(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  VocabularyIds vocabulary;
  try {
    const JsonDocument document(text);
    for (const auto& [token, id] : document.root().integer_members()) vocabulary.ids[std::string(token)] = id;
  } catch (Error& error) {
    error.add_file(file.string());
    throw;
  }
  vocabulary.size = static_cast<int64_t>(vocabulary.ids.size());
  return vocabulary;
}

VocabularyIds read_vocab_txt(const std::filesystem::path& file) {
  VocabularyIds vocabulary;
  for_each_line(file, [&](const Line& line) {
    vocabulary.ids[std::string(without_trailing_space(line.text))] = static_cast<int64_t>(line.number) - 1;
  });
  vocabulary.size = static_cast<int64_t>(vocabulary.ids.size());
  if (vocabulary.size == 0) {
    throw Error(ErrorCode::kCorruptData, "the vocabulary is empty")
        .file(file.string())
        .remedy("download the file again");
  }
  return vocabulary;
}

std::vector<Merge> read_merges_txt(const std::filesystem::path& file, const VocabularyIds& vocabulary) {
  std::vector<Merge> merges;
  for_each_line(file, [&](const Line& line) {
    if (line.text.substr(0, 8) == "#version") return;
    const size_t space = line.text.find(' ');
    if (space == line.text.npos || line.text.find(' ', space + 1) != line.text.npos)
      fail(file, line, fmt::format("is '{}', expected two tokens with one space between them", line.text));
    Merge merge(line.text.substr(0, space), line.text.substr(space + 1));
    for (const std::string& token : {merge.first, merge.second, merge.first + merge.second}) {
      if (vocabulary.ids.count(token) == 0) {
        fail(file, line,
             fmt::format("merges '{}' and '{}', but the vocabulary has no token '{}'", merge.first,
                         merge.second, token));
      }
    }
    merges.push_back(std::move(merge));
  });
  return merges;
}

}  // namespace tessera::tokenizer
