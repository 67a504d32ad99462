// Chat templates against what transformers' apply_chat_template says of the same messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/chat_template/chat_templates.hpp"
#include "core/jinja/json.hpp"
#include "core/jinja/unicode_text.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using jinja::Value;

fs::path test_data() {
  const char* path = std::getenv("TESSERA_TEST_DATA");
  if (!path) throw std::runtime_error("TESSERA_TEST_DATA is not set: run the tests by meson");
  return path;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

Value json_of(const fs::path& file) {
  return jinja::from_json(bytes_of(file), file.string());
}

/// What a rendering gives: the text, or the message of the failure without its place.
struct Outcome {
  std::string text, error;
  std::vector<std::pair<size_t, size_t>> spans;
};

Outcome rendered(const std::string& text, const std::vector<std::pair<std::string, Value>>& variables,
                 const std::tm& now) {
  try {
    auto result = jinja::Template::parse(text, "template").render(variables, &now);
    return {result.text, "", result.generation_spans};
  } catch (const Error& error) {
    const std::string& message = error.message();
    return {"", message.substr(0, message.rfind(" (line ")), {}};
  }
}

class GoldenChat : public testing::TestWithParam<const char*> {};

TEST_P(GoldenChat, EqualsTransformers) {
  const Value root = json_of(test_data() / "golden" / "chat" / (std::string(GetParam()) + ".json"));
  const std::string text = root.dict().find("template")->string();
  const std::tm now = parse_iso_time(root.dict().find("now")->string());
  const auto& cases = root.dict().find("cases")->items();
  ASSERT_GE(cases.size(), 14u);
  for (const Value& entry : cases) {
    const auto& c = entry.dict();
    SCOPED_TRACE(c.find("name")->string());
    ChatTemplateInput input;
    input.messages = *c.find("messages");
    input.tools = *c.find("tools");
    input.add_generation_prompt = c.find("add_generation_prompt")->boolean();
    // The special tokens of a folder, which these tables list.
    for (const auto& [name, token] : root.dict().find("special_tokens")->dict().entries()) {
      input.variables.emplace_back(name.string(), token);
    }
    for (const auto& [name, value] : c.find("kwargs")->dict().entries()) {
      input.variables.emplace_back(name.string(), value);
    }
    const Outcome outcome = rendered(text, ChatTemplates().variables(input), now);
    if (const Value* error = c.find("error")) {
      EXPECT_EQ(outcome.error, error->dict().find("message")->string());
      continue;
    }
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.text, c.find("rendered")->string());
    if (const Value* spans = c.find("generation_spans")) {
      ASSERT_EQ(outcome.spans.size(), spans->items().size());
      for (size_t i = 0; i < outcome.spans.size(); ++i) {
        const auto points = [&](size_t bytes) {
          return jinja::count_code_points(std::string_view(outcome.text).substr(0, bytes));
        };
        EXPECT_EQ(points(outcome.spans[i].first), spans->items()[i].items()[0].integer());
        EXPECT_EQ(points(outcome.spans[i].second), spans->items()[i].items()[1].integer());
      }
    }
  }
}

std::string case_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Templates, GoldenChat,
                         testing::Values("chatml", "filters", "gemma", "generation-tag", "llama2-inst",
                                         "llama3", "macros", "mistral-v3-tools", "namespace-loopcontrols",
                                         "strftime", "thinking", "tojson", "whitespace", "zephyr"),
                         case_name);

// Random expressions and statements; make_jinja_expressions.py has made the table.
TEST(JinjaExpressions, RenderAsInTransformers) {
  const Value root = json_of(test_data() / "golden" / "chat" / "expressions.json");
  std::vector<std::pair<std::string, Value>> variables;
  for (const char* name : {"messages", "tools"}) variables.emplace_back(name, *root.dict().find(name));
  variables.emplace_back("bos_token", Value("<s>"));
  variables.emplace_back("eos_token", Value("</s>"));
  const auto& templates = root.dict().find("templates")->items();
  ASSERT_GE(templates.size(), 300u);
  for (const Value& entry : templates) {
    const std::string text = entry.dict().find("template")->string();
    SCOPED_TRACE(text);
    const Value& expected = *entry.dict().find("rendered");
    const Outcome outcome = rendered(text, variables, {});
    if (expected.is_none()) {
      EXPECT_NE(outcome.error, "");
    } else {
      EXPECT_EQ(outcome.error, "");
      EXPECT_EQ(outcome.text, expected.string());
    }
  }
}

struct Refused {
  const char *text, *message;
};

// What would never end, or never fit, ends in an error.
TEST(JinjaLimits, AreErrors) {
  const Refused refused[] = {
      {"{% macro a(x) %}{{ a(x) }}{% endmacro %}{{ a(1) }}", "recurses without end"},
      {"{% for i in range(100000000) %}{% endfor %}", "Range too big"},
      {"{{ 'x' * 10000000000 }}", "more than 256 MiB"},
      {"{{ '%1000000000d' % 3 }}", "width too big"},
      {"{{ 2 ** 1000000 }}", "beyond 64 bits"},
      {"{{ 1 / 0 }}", "division by zero"},
      {"{% include 'x' %}", "the tag 'include'"},
      {"{{ 'x'|wordwrap(5) }}", "the filter 'wordwrap' is not implemented"},
      {"{{ [].append(1) }}", "unsafe"},
      {"{{ ", "Expected an expression"},
      {"{{ true[1:] }}", "'bool' object is not subscriptable"},
  };
  for (const Refused& r : refused) {
    EXPECT_THAT(rendered(r.text, {}, {}).error, testing::HasSubstr(r.message)) << r.text;
  }
  const std::string deep = "{{ " + std::string(100000, '(') + "1" + std::string(100000, ')') + " }}";
  EXPECT_THAT(rendered(deep, {}, {}).error, testing::HasSubstr("nested too deep"));
}

TEST(JinjaEndless, IsStoppedAfterSoManySteps) {
  EXPECT_THAT(
      rendered("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", {}, {})
          .error,
      testing::HasSubstr("does not come to an end"));
}

// Folders with a template and messages that broke programs of this kind.
class ChatCase : public testing::TestWithParam<const char*> {};

TEST_P(ChatCase, EqualsTransformers) {
  const fs::path folder = test_data() / "data" / "cases" / GetParam();
  const ChatTemplates templates = ChatTemplates::from_folder(folder);
  const Value runs = *json_of(folder / "case.json").dict().find("expected");
  ASSERT_FALSE(runs.items().empty());
  for (const Value& run : runs.items()) {
    const std::string messages = run.dict().find("messages")->string();
    SCOPED_TRACE(messages);
    ChatTemplateInput input;
    input.messages = json_of(folder / messages);
    if (const Value tools = *run.dict().find("tools"); tools.is_string())
      input.tools = json_of(folder / tools.string());
    input.add_generation_prompt = run.dict().find("add_generation_prompt")->boolean();
    EXPECT_EQ(templates.render(input).text, bytes_of(folder / run.dict().find("file")->string()));
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, ChatCase,
                         testing::Values("060-slices-and-namespace", "062-tojson", "067-numbers-none-filters",
                                         "070-null-fields-and-reasoning"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tessera
