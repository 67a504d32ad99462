#include "core/artefacts/key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/digest/sha256.hpp"

namespace tessera::artefacts {
namespace {

constexpr size_t kLongestText = 2000;
constexpr size_t kHashDigits = 16;

std::string hash16(const std::vector<KeyPart>& parts) {
  Sha256 digest;
  // Lengths stand before texts, so that no two lists of parts are one text.
  for (const KeyPart& part : parts)
    digest.update(fmt::format("{}:{}{}:{}", part.name.size(), part.name, part.text.size(), part.text));
  return digest.finish().substr(0, kHashDigits);
}

std::string file_name(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  return text.empty() || text.front() == '.' ? "model" + text : text;
}

const std::string* text_of(const std::vector<KeyPart>& parts, const std::string& name) {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const KeyPart& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &found->text;
}

}  // namespace

KeyPart part(std::string name, std::string text) {
  if (text.size() > kLongestText) text = "sha256:" + sha256(text);
  return {std::move(name), std::move(text)};
}

std::vector<KeyPart> Key::parts() const {
  std::vector<KeyPart> all = model;
  all.insert(all.end(), program.begin(), program.end());
  return all;
}

std::filesystem::path Key::folder() const {
  return std::filesystem::path(file_name(architecture)) /
         fmt::format("{}-{}", file_name(model_class), hash16(model)) /
         fmt::format("{}-{}", file_name(kind), hash16(parts()));
}

std::vector<Difference> differences(const std::vector<KeyPart>& stored, const std::vector<KeyPart>& wanted) {
  std::vector<Difference> found;
  for (const KeyPart& part : wanted) {
    const std::string* other = text_of(stored, part.name);
    if (other == nullptr || *other != part.text)
      found.push_back({part.name, other == nullptr ? "" : *other, part.text});
  }
  for (const KeyPart& part : stored) {
    if (text_of(wanted, part.name) == nullptr) found.push_back({part.name, part.text, ""});
  }
  return found;
}

}  // namespace tessera::artefacts
