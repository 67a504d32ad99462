#include "core/artefacts/key.hpp"

#include <gtest/gtest.h>

namespace tessera::artefacts {
namespace {

Key sample_key() {
  return {"qpc",
          "LlamaForCausalLM",
          "LlamaForCausalLM",
          {{"graph", "g"}, {"weights", "w"}},
          {{"options", "-mos=1"}}};
}

TEST(ArtefactKey, NamesFoldersAsEfficientTransformersDoes) {
  const std::string folder = sample_key().folder().string();
  ASSERT_EQ(folder.find("LlamaForCausalLM/LlamaForCausalLM-"), 0U) << folder;
  const size_t hash = std::string("LlamaForCausalLM/LlamaForCausalLM-").size();
  EXPECT_EQ(folder.substr(hash + 16, 5), "/qpc-") << folder;
  EXPECT_EQ(folder.size(), hash + 16 + 5 + 16);
  EXPECT_EQ(folder.substr(hash, 16).find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(ArtefactKey, ProgramsOfOneModelShareItsFolder) {
  Key other = sample_key();
  other.program[0].text = "-mos=2";
  EXPECT_EQ(other.folder().parent_path(), sample_key().folder().parent_path());
  EXPECT_NE(other.folder(), sample_key().folder());
  other = sample_key();
  other.model[1].text = "x";
  EXPECT_NE(other.folder().parent_path(), sample_key().folder().parent_path());
}

TEST(ArtefactKey, PartsDoNotRunIntoOneAnother) {
  Key one = sample_key(), two = sample_key();
  one.program = {{"a", "b"}, {"c", "d"}};
  two.program = {{"a", "bc"}, {"", "d"}};
  EXPECT_NE(one.folder(), two.folder());
}

TEST(ArtefactKey, AnArchitectureIsNoPath) {
  Key odd = sample_key();
  odd.architecture = "../../etc";
  odd.model_class = "";
  const std::string folder = odd.folder().string();
  EXPECT_EQ(folder.find("model.._.._etc/model-"), 0U) << folder;
}

TEST(ArtefactKey, KeepsLongTextsAsDigests) {
  EXPECT_EQ(part("mdp", "short").text, "short");
  const std::string text = part("mdp", std::string(3000, 'x')).text;
  EXPECT_EQ(text.substr(0, 7), "sha256:");
  EXPECT_NE(text, part("mdp", std::string(3001, 'x')).text);
}

TEST(ArtefactKey, TellsWhichPartsDiffer) {
  const std::vector<KeyPart> stored = {{"graph", "g"}, {"options", "-mos=1"}, {"old", "x"}};
  const std::vector<Difference> found =
      differences(stored, {{"graph", "g"}, {"options", "-mos=2"}, {"compiler", "1.21"}});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].part + ":" + found[0].stored + ":" + found[0].wanted, "options:-mos=1:-mos=2");
  EXPECT_EQ(found[1].part + ":" + found[1].stored + ":" + found[1].wanted, "compiler::1.21");
  EXPECT_EQ(found[2].part + ":" + found[2].stored + ":" + found[2].wanted, "old:x:");
}

}  // namespace
}  // namespace tessera::artefacts
