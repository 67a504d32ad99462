/// What a program for the card is made from, as the cache of compiled programs asks for it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/artefacts/file_digests.hpp"
#include "core/artefacts/key.hpp"
#include "plugins/qaic/backend/settings.hpp"
#include "tessera/sdk/backend.hpp"

namespace tessera::qaic {

inline constexpr const char* kWeightsPart = "weights";

/// The parts, those of the model first:
///   graph            digest of the ONNX graph after the passes
///   weights          digest of each file of weights, by location
///   passes           with options, plugin and version, as the host wrote them into the graph
///   tessera          version of this program, which writes changed weights
///   specializations, custom-io, mdp   as text, or the digest of a long one; the user's own files by contents
///   options          flags of the compiler; a value that names a file has its digest beside it
///   compiler         what it says of its version, digests of its program and of its SDK's version file
struct ArtefactKey {
  struct WeightFile {
    std::filesystem::path path;
    std::string stamp, digest;
  };

  artefacts::Key key;
  std::vector<WeightFile> weights;  ///< those whose digests are in the key
  bool complete = true;             ///< false: some weights were not read
};

enum class WeightReading {
  kAll,         ///< files whose digests nobody remembers are read
  kRemembered,  ///< they are not: the key is incomplete
};

/// `settings.compiler` must be there. Throws what FileDigests, compile_files and compiler_version throw.
ArtefactKey artefact_key(const sdk::CompileArgs& args, const graph::Model& model, const Settings& settings,
                         const artefacts::FileDigests& digests, WeightReading reading);

/// "LlamaForCausalLM" for a decoder, "BertModel" for features of a BertForMaskedLM: Efficient Transformers
/// names folders by the class that it loads.
std::string model_class_of(const std::string& architecture, const std::string& task);

}  // namespace tessera::qaic
