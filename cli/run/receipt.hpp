/// What a run was made of and what came out of it, so that it can be done again and compared.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/run/request_list.hpp"
#include "tessera/model.hpp"

namespace tessera::cli {

/// SHA-256 of contents, by name.
using Digests = std::vector<std::pair<std::string, std::string>>;

struct Receipt {
  std::string version = {};             ///< of Tessera
  std::string folder = {};              ///< of the model
  Digests files = {};                   ///< of the model, by file name
  Digests plugins = {};                 ///< "cpu 0.1.0" and the digest of its file
  std::string backend = {}, tier = {};  ///< tier: a numeric recipe; empty where the backend has one only
  bool bits_promised = false;           ///< the backend's bits do not depend on what runs beside a request
  std::string compile_key = {};         ///< of all that decides what the compiled model is
  std::string inputs = {};              ///< of all requests
  Config config;                        ///< the settings that were given, and the backend's section
  std::vector<RawRequest> requests = {};
  std::vector<boost::json::object> results = {};  ///< lines of the output, by request
};

/// Of a run that has ended; reads the model's files whole. Throws Error.
Receipt make_receipt(const Config& config, const AutoModelForCausalLM& model,
                     const std::vector<RawRequest>& requests, const std::filesystem::path& output);

/// Throws Error kIo.
void write_receipt(const Receipt& receipt, const std::filesystem::path& file);
/// Throws Error kNotFound or kCorruptData.
Receipt read_receipt(const std::string& file);

/// SHA-256 of the files of a model folder that decide what it says.
Digests model_digests(const std::filesystem::path& folder);
/// Of the plugins that are loaded.
Digests plugin_digests(const Config& config);
/// Tiers of a backend that this machine has; empty where it has no such notion.
std::vector<std::string> available_tiers(const Config& config, const std::string& backend);

}  // namespace tessera::cli
