#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/text_inputs.hpp"
#include "tessera/classification.hpp"
#include "tessera/question_answering.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// A model of any of the three tasks, warned about and compiled.
template <typename Model>
Model load(const Config& config, const std::string& task) {
  LoadOptions options = load_options(config);
  options.task = task;
  Model model = Model::from_pretrained(model_of(config), options);
  for (const std::string& warning : model.info().warnings) note("warning: " + warning);
  model.compile(compile_options(config));
  return model;
}

template <typename Options>
Options run_options() {
  Options options;
  static_cast<TextRunOptions&>(options) = text_run_options();
  return options;
}

void classify_texts(const Arguments& arguments, const Config& config, const TextInputs& inputs) {
  auto model = load<AutoModelForSequenceClassification>(config, "sequence-classification");
  auto options = run_options<ClassifyOptions>();
  options.top_k = arguments.has("top-k") ? arguments.integer("top-k", 1) : -1;
  options.function_to_apply = arguments.get("function-to-apply");
  const std::vector<std::vector<LabelScore>> results = model.classify(inputs.texts, options);
  json::array answers;
  for (const std::vector<LabelScore>& labels : results) {
    json::array& answer = answers.emplace_back(json::array()).get_array();
    for (const LabelScore& l : labels) answer.push_back(json::object{{"label", l.label}, {"score", l.score}});
  }
  print_answers(inputs, config.boolean("output.json"), answers, [&](size_t i) {
    std::string line;
    for (const LabelScore& l : results[i])
      line += fmt::format("{}{} {:.6f}", line.empty() ? "" : "\t", l.label, l.score);
    return line + "\n";
  });
}

void classify_tokens(const Arguments& arguments, const Config& config, const TextInputs& inputs) {
  auto model = load<AutoModelForTokenClassification>(config, "token-classification");
  auto options = run_options<TokenClassifyOptions>();
  options.aggregation_strategy = parse_aggregation_strategy(arguments.get("aggregation-strategy"));
  const bool grouped = options.aggregation_strategy != AggregationStrategy::kNone;
  const std::vector<std::vector<Entity>> results = model.classify(inputs.texts, options);
  json::array answers;
  for (const std::vector<Entity>& entities : results) {
    json::array& answer = answers.emplace_back(json::array()).get_array();
    for (const Entity& e : entities) {
      json::object object{{grouped ? "entity_group" : "entity", e.entity}, {"score", e.score}};
      if (!grouped) object["index"] = e.index;
      object["word"] = e.word;
      object["start"] = e.start;
      object["end"] = e.end;
      answer.push_back(std::move(object));
    }
  }
  print_answers(inputs, config.boolean("output.json"), answers, [&](size_t i) {
    std::string lines;
    for (const Entity& e : results[i])
      lines += fmt::format("{}\t{:.6f}\t{}\t{}\t{}\n", e.entity, e.score, e.start, e.end, e.word);
    return results.size() > 1 ? lines + "\n" : lines;
  });
}

void answer_questions(const Arguments& arguments, const Config& config, const TextInputs& inputs) {
  auto model = load<AutoModelForQuestionAnswering>(config, "question-answering");
  auto options = run_options<AnswerOptions>();
  options.top_k = arguments.has("top-k") ? arguments.integer("top-k", 1) : 1;
  const std::vector<std::vector<Answer>> results = model.answer(inputs.texts, options);
  json::array answers;
  for (const std::vector<Answer>& found : results) {
    json::array all;
    for (const Answer& a : found) {
      all.push_back(
          json::object{{"score", a.score}, {"start", a.start}, {"end", a.end}, {"answer", a.answer}});
    }
    // One answer is an object, as in Hugging Face's pipeline.
    answers.push_back(options.top_k == 1 && all.size() == 1 ? all[0] : json::value(all));
  }
  print_answers(inputs, config.boolean("output.json"), answers, [&](size_t i) {
    std::string lines;
    for (const Answer& a : results[i])
      lines += fmt::format("{:.6f}\t{}\t{}\t{}\n", a.score, a.start, a.end, a.answer);
    return lines;
  });
}

}  // namespace

int run_classify(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("classify MODEL [TEXT... | -f FILE]");
  arguments.add_positional("model");
  add_text_flags(arguments);
  arguments.add_flags(
      "Classification",
      {{"top-k", 'k', "N", "", "labels (or answers) given, the best; default: all labels, one answer"},
       {"function-to-apply", '\0', "softmax|sigmoid|none", "",
        "what turns logits into scores; default: what config.json says"},
       {"aggregation-strategy", '\0', "none|simple|first|average|max", "none",
        "of token classification: tokens, or entities of several tokens"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const TextInputs inputs = read_text_inputs(arguments);
  const std::string task = classification_task(model_of(config), config.text("task"));
  if (task == "token-classification") {
    classify_tokens(arguments, config, inputs);
  } else if (task == "question-answering") {
    answer_questions(arguments, config, inputs);
  } else {
    classify_texts(arguments, config, inputs);
  }
  return kExitOk;
}

}  // namespace tessera::cli
