/// chat and chat-template as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "tests/cli/process.hpp"

namespace tessera::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

std::string stories() {
  return (test_data() / "models" / "llama-stories260k").string();
}
/// Says each message after its role, in one line.
constexpr const char* kTemplate =
    "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ eos_token if m.role == 'assistant' }} {% endfor "
    "%}"
    "{% if add_generation_prompt %}So{% endif %}";

std::string text_of(const std::string& prompt) {
  const Finished run =
      run_tessera({"generate", stories(), "-p", prompt, "-n", "12", "--no-special-tokens", "--json"});
  return std::string(json::parse(run.out).at("text").as_string());
}

TEST(ChatTemplateCommand, PrintsTheTextAndNothingElse) {
  const Finished run = run_tessera({"chat-template", stories(), "--messages", "-", "--chat-template",
                                    kTemplate, "--add-generation-prompt"},
                                   {.input = R"([{"role": "user", "content": "Hi \u00e9"}])"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "user: Hi \u00e9 So");
}

TEST(ChatTemplateCommand, RefusesWithLineAndColumn) {
  const Finished run =
      run_tessera({"chat-template", stories(), "--messages", "-", "--chat-template", "a\n  {% nonsense %}"},
                  {.input = R"([{"role": "user", "content": "Hi"}])"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("nonsense"));
  EXPECT_THAT(run.err, HasSubstr("line 2"));
}

TEST(ChatTemplateCommand, SaysThatAModelHasNone) {
  const Finished run = run_tessera({"chat-template", stories(), "--messages", "-"},
                                   {.input = R"([{"role": "user", "content": "Hi"}])"});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("template"));
}

TEST(Chat, KeepsTheConversationUntilItIsCleared) {
  const Finished run =
      run_tessera({"chat", stories(), "--system", "Tell", "-n", "12", "--chat-template", kTemplate},
                  {.input = "Once upon a time\nLily\n\n/clear\nOnce upon a time\n/exit\nnot said\n"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::string first = text_of("system: Tell user: Once upon a time So");
  const std::string second =
      text_of("system: Tell user: Once upon a time assistant: " + first + "</s> user: Lily So");
  EXPECT_EQ(run.out, first + "\n" + second + "\n" + first + "\n");
}

TEST(Chat, ATurnThatDoesNotFitIsAnErrorForAScript) {
  std::string words;
  for (int i = 0; i < 600; ++i) words += "once ";
  const Finished run =
      run_tessera({"chat", stories(), "--chat-template", kTemplate}, {.input = words + "\nnot said\n"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("512"));
}

TEST(TokenizeLines, AnswersEachLine) {
  const Finished run = run_tessera({"tokenize", stories(), "--jsonl"},
                                   {.input = "\"Once\"\n{\"text\": \"Once\", \"text_pair\": \"upon\"}\n"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  const size_t end = run.out.find('\n');
  const json::object first = json::parse(run.out.substr(0, end)).as_object();
  const json::object second = json::parse(run.out.substr(end + 1)).as_object();
  for (const char* key : {"ids", "tokens", "offsets", "type_ids", "attention_mask"}) {
    EXPECT_EQ(first.at(key).as_array().size(), first.at("ids").as_array().size()) << key;
  }
  EXPECT_GT(second.at("ids").as_array().size(), first.at("ids").as_array().size());
  std::string ids = json::serialize(first.at("ids"));
  const Finished back =
      run_tessera({"detokenize", stories(), "--jsonl", "--skip-special-tokens"}, {.input = ids + "\n"});
  EXPECT_EQ(back.out, "\"Once\"\n") << back.err;
}

TEST(TokenizeLines, NamesTheLineThatIsBroken) {
  const Finished run = run_tessera({"tokenize", stories(), "--jsonl"}, {.input = "\"a\"\n{\n"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("line 2"));
}

}  // namespace
}  // namespace tessera::test
