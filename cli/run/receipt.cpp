#include "cli/run/receipt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fstream>
#include <utility>

#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "core/digest/sha256.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr int64_t kFormat = 1;  ///< of the file

/// Says where a run's files are, not what the run is.
bool is_of_place(const Setting& setting) {
  constexpr std::array<std::string_view, 5> kPlaces = {"requests", "requests_file", "compile.dump_dir",
                                                       "compile.num_threads", "plugin_paths"};
  return section_of(setting.key) == "output" ||
         std::find(kPlaces.begin(), kPlaces.end(), setting.key) != kPlaces.end();
}

std::string digest_of(const std::vector<std::string>& texts) {
  Sha256 digest;
  for (const std::string& text : texts) digest.update(fmt::format("{}:{}", text.size(), text));
  return digest.finish();
}

/// What the sections of the run file say to the backend.
std::vector<std::pair<std::string, std::string>> section_options(const Config& config,
                                                                 std::string_view backend) {
  std::vector<std::pair<std::string, std::string>> options;
  for (const BackendSection& section : config.backend_sections()) {
    if (section.backend == backend)
      options.insert(options.end(), section.options.begin(), section.options.end());
  }
  return options;
}

std::string compile_key(const Receipt& receipt) {
  std::vector<std::string> texts = {receipt.backend, receipt.tier};
  for (const Digests* digests : {&receipt.files, &receipt.plugins}) {
    for (const auto& [name, digest] : *digests) texts.push_back(fmt::format("{} {}", name, digest));
  }
  for (const auto& [name, value] : section_options(receipt.config, receipt.backend))
    texts.push_back(fmt::format("{}.{}={}", receipt.backend, name, value));
  for (const Setting& setting : settings()) {
    if (section_of(setting.key) != "compile" || is_of_place(setting)) continue;
    for (const std::string& text : receipt.config.list(setting.key))
      texts.push_back(fmt::format("{}={}", setting.key, text));
  }
  return digest_of(texts);
}

std::string inputs_digest(const std::vector<RawRequest>& requests) {
  std::vector<std::string> texts;
  for (const RawRequest& request : requests) texts.push_back(request.text);
  return digest_of(texts);
}

const BackendInfo* find_backend(const System& system, std::string_view id) {
  for (const BackendInfo& backend : system.backends) {
    if (backend.id == id) return &backend;
  }
  return nullptr;
}

std::string property_of(const Config& config, std::string_view backend, std::string_view name) {
  const System system = inspect_system(config.list("plugin_paths"));
  const BackendInfo* info = find_backend(system, backend);
  if (info == nullptr) return "";
  for (const auto& [key, value] : info->properties) {
    if (key == name) return value;
  }
  return "";
}

json::object texts_json(const Digests& digests) {
  json::object object;
  for (const auto& [name, digest] : digests) object[name] = digest;
  return object;
}

std::vector<std::pair<std::string, std::string>> texts_of(const json::value& value) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& entry : value.as_object()) {
    texts.emplace_back(entry.key(), std::string(std::string_view(entry.value().as_string())));
  }
  return texts;
}

json::object config_json(const Config& config) {
  json::object object;
  for (const Setting& setting : settings()) {
    if (config.origin(setting.key).kind == OriginKind::kDefault || is_of_place(setting)) continue;
    object[setting.key] = cli::to_json(config.list(setting.key));
  }
  return object;
}

std::string text_of(const json::value& value) {
  return std::string(std::string_view(value.as_string()));
}

Receipt receipt_of(const json::object& object, const std::string& file) {
  Receipt receipt{.config = Config::from_environment()};
  receipt.version = text_of(object.at("tessera"));
  receipt.folder = text_of(object.at("model").at("folder"));
  receipt.files = texts_of(object.at("model").at("files"));
  receipt.plugins = texts_of(object.at("plugins"));
  receipt.backend = text_of(object.at("backend"));
  receipt.tier = text_of(object.at("tier"));
  receipt.bits_promised = object.at("bits_promised").as_bool();
  receipt.compile_key = text_of(object.at("compile_key"));
  receipt.inputs = text_of(object.at("inputs"));
  if (const json::value* section = object.if_contains("backend_options"))
    receipt.config.add_backend_section({receipt.backend, texts_of(*section), file});
  for (const auto& entry : object.at("config").as_object()) {
    std::vector<std::string> texts;
    for (const json::value& text : entry.value().as_array()) texts.push_back(text_of(text));
    receipt.config.set(entry.key(), std::move(texts), {OriginKind::kFlag, file});
  }
  for (const json::value& entry : object.at("requests").as_array()) {
    receipt.requests.push_back({text_of(entry.at("request")), text_of(entry.at("where"))});
    receipt.results.push_back(entry.at("result").as_object());
  }
  return receipt;
}

}  // namespace

Digests model_digests(const fs::path& folder) {
  constexpr std::array<std::string_view, 5> kKinds = {".json", ".safetensors", ".model", ".txt", ".jinja"};
  Digests digests;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const bool wanted = std::find(kKinds.begin(), kKinds.end(), entry.path().extension()) != kKinds.end();
    if (!wanted || !entry.is_regular_file()) continue;
    digests.emplace_back(entry.path().filename().string(), sha256_of_file(entry.path()));
  }
  std::sort(digests.begin(), digests.end());
  return digests;
}

Digests plugin_digests(const Config& config) {
  Digests digests;
  for (const PluginInfo& plugin : inspect_system(config.list("plugin_paths")).plugins) {
    if (!plugin.refusal.empty()) continue;
    digests.emplace_back(fmt::format("{} {}", plugin.id, plugin.version), sha256_of_file(plugin.path));
  }
  std::sort(digests.begin(), digests.end());
  return digests;
}

std::vector<std::string> available_tiers(const Config& config, const std::string& backend) {
  std::vector<std::string> tiers;
  for (std::string tier : split_commas(property_of(config, backend, "isa.available"))) {
    tier.erase(0, tier.find_first_not_of(' '));
    tiers.push_back(std::move(tier));
  }
  return tiers;
}

Receipt make_receipt(const Config& config, const AutoModelForCausalLM& model,
                     const std::vector<RawRequest>& requests, const fs::path& output) {
  Receipt receipt{.config = config};
  receipt.version = version();
  receipt.folder = fs::absolute(model.info().folder).string();
  receipt.files = model_digests(receipt.folder);
  receipt.plugins = plugin_digests(config);
  receipt.backend = model.compile_info().backend;
  receipt.tier = model.compile_info().isa;
  receipt.bits_promised = model.compile_info().bits_promised;
  receipt.compile_key = compile_key(receipt);
  receipt.inputs = inputs_digest(requests);
  receipt.requests = requests;
  std::ifstream lines(output, std::ios::binary);
  for (std::string line; std::getline(lines, line);) {
    receipt.results.push_back(parse_json_object(line, output.string()));
  }
  if (receipt.results.size() != requests.size()) {
    throw Error(ErrorCode::kIo, "the results cannot be read back").file(output.string());
  }
  return receipt;
}

void write_receipt(const Receipt& receipt, const fs::path& file) {
  json::array requests;
  for (size_t i = 0; i < receipt.requests.size(); ++i) {
    json::object result = receipt.results[i];
    result.erase("metrics");  // no two runs agree on these
    requests.push_back(json::object{{"where", receipt.requests[i].where},
                                    {"request", receipt.requests[i].text},
                                    {"result", std::move(result)}});
  }
  const json::object object{
      {"format", kFormat},
      {"tessera", receipt.version},
      {"model", json::object{{"folder", receipt.folder}, {"files", texts_json(receipt.files)}}},
      {"plugins", texts_json(receipt.plugins)},
      {"backend", receipt.backend},
      {"tier", receipt.tier},
      {"bits_promised", receipt.bits_promised},
      {"compile_key", receipt.compile_key},
      {"inputs", receipt.inputs},
      {"config", config_json(receipt.config)},
      {"backend_options", texts_json(section_options(receipt.config, receipt.backend))},
      {"requests", std::move(requests)}};
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << json::serialize(object) << '\n';
  if (!out.flush()) {
    throw Error(ErrorCode::kIo, "the receipt cannot be written; the results are complete")
        .file(file.string());
  }
}

Receipt read_receipt(const std::string& file) {
  const json::object object = parse_json_object(read_input_file(file), file, DuplicateKeys::kError);
  const json::value* format = object.if_contains("format");
  if (format == nullptr || *format != kFormat) {
    throw Error(ErrorCode::kCorruptData, fmt::format("this is no receipt of format {}", kFormat)).file(file);
  }
  Receipt receipt{.config = Config::from_environment()};
  try {
    receipt = receipt_of(object, file);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // Boost.JSON: a name is missing or of another kind
    throw Error(ErrorCode::kCorruptData, fmt::format("this is no whole receipt: {}", error.what()))
        .file(file);
  }
  if (inputs_digest(receipt.requests) != receipt.inputs) {
    throw Error(ErrorCode::kCorruptData, "the receipt's requests are not those that it was made of")
        .file(file);
  }
  return receipt;
}

}  // namespace tessera::cli
