#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/embedding_file.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/text_inputs.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sentence_transformer.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;
using Vectors = std::vector<std::vector<float>>;

json::array vector_json(const std::vector<float>& vector) {
  return json::array(vector.begin(), vector.end());
}

Vectors similarities(const SentenceTransformer& model, const Vectors& embeddings) {
  Vectors rows;
  for (const std::vector<float>& a : embeddings) {
    std::vector<float>& row = rows.emplace_back();
    for (const std::vector<float>& b : embeddings) row.push_back(static_cast<float>(model.similarity(a, b)));
  }
  return rows;
}

void print_plain(const Vectors& rows) {
  for (const std::vector<float>& row : rows) write_stdout(fmt::format("{}\n", fmt::join(row, " ")));
}

void print_json(const SentenceTransformer& model, const std::string& name, const Vectors& embeddings,
                const Vectors& similar) {
  json::array vectors;
  for (const std::vector<float>& embedding : embeddings) vectors.push_back(vector_json(embedding));
  json::object result{{"embeddings", vectors},
                      {"model", name},
                      {"pooling", model.info().pooling},
                      {"dimensions", model.info().dimensions}};
  if (!similar.empty()) {
    json::array rows;
    for (const std::vector<float>& row : similar) rows.push_back(vector_json(row));
    result["similarity_fn_name"] = model.info().similarity_fn_name;
    result["similarity"] = rows;
  }
  write_json(result);
}

EncodeTextOptions encode_options(const Arguments& arguments) {
  EncodeTextOptions options;
  static_cast<TextRunOptions&>(options) = text_run_options();
  options.prompt_name = arguments.get("prompt-name");
  if (arguments.has("prompt-text")) options.prompt = arguments.get("prompt-text");
  options.normalize_embeddings = arguments.has("normalize");
  return options;
}

SentenceTransformer load(const Arguments& arguments, const Config& config) {
  SentenceLoadOptions options;
  static_cast<LoadOptions&>(options) = load_options(config);
  options.pooling = split_commas(arguments.get("pooling"));
  SentenceTransformer model = SentenceTransformer::from_pretrained(model_of(config), options);
  for (const std::string& warning : model.model().info().warnings) note("warning: " + warning);
  model.model().compile(compile_options(config));
  return model;
}

}  // namespace

int run_embed(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("embed MODEL [TEXT... | -f FILE] [-o FILE.npy|FILE.safetensors]");
  arguments.add_positional("model");
  add_text_flags(arguments);
  arguments.add_flags(
      "Embeddings",
      {{"pooling", '\0', "MODE,...", "",
        "how tokens become one vector: cls, mean, max, mean_sqrt_len_tokens, weightedmean, lasttoken; "
        "default: "
        "what the folder says"},
       {"normalize", '\0', "", "", "scale embeddings to length 1, also where the folder does not say so"},
       {"prompt-name", '\0', "NAME", "", "prompt of config_sentence_transformers.json in front of each text"},
       {"prompt-text", '\0', "TEXT", "", "prompt in front of each text"},
       {"similarity", '\0', "", "", "also how alike the texts are, each with each"},
       {"output", 'o', "FILE", "",
        "write embeddings [texts, dimensions] as F32 to FILE.npy or FILE.safetensors"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const std::string file = arguments.get("output");
  check_embedding_file(file);
  const TextInputs inputs = read_text_inputs(arguments);

  SentenceTransformer model = load(arguments, config);
  const Vectors embeddings = model.encode(inputs.texts, encode_options(arguments));
  const Vectors similar = arguments.has("similarity") ? similarities(model, embeddings) : Vectors();
  if (!file.empty()) write_embeddings(file, embeddings, model.info().dimensions);
  if (config.boolean("output.json")) {
    print_json(model, model_of(config), embeddings, similar);
  } else if (arguments.has("similarity")) {
    print_plain(similar);
  } else if (!file.empty()) {
    note(fmt::format("wrote {} embeddings to {}", embeddings.size(), file));
  } else if (inputs.answer_by_line) {
    for (const std::vector<float>& embedding : embeddings) write_json(vector_json(embedding));
  } else {
    print_plain(embeddings);
  }
  return kExitOk;
}

}  // namespace tessera::cli
