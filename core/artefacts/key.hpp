/// What a compiled program was made from, part by part, and the folder that it names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tessera::artefacts {

/// One thing that a program depends on: {"options", "-aic-num-cores=16 -mos=1"}.
struct KeyPart {
  std::string name;
  std::string text;  ///< for people, too; a long one is kept as its digest (`part`)

  bool operator==(const KeyPart&) const = default;
};

/// A part of any text: what exceeds 2,000 bytes becomes "sha256:...".
KeyPart part(std::string name, std::string text);

struct Key {
  std::string kind;            ///< begins the entry's name: "qpc"
  std::string architecture;    ///< architectures[0] of config.json
  std::string model_class;     ///< of Transformers: "LlamaForCausalLM"
  std::vector<KeyPart> model;  ///< what the programs of one model share: graph, weights, passes
  std::vector<KeyPart> program;

  /// Those of the model, then those of the program.
  std::vector<KeyPart> parts() const;
  /// "<architecture>/<model class>-<hash16>/<kind>-<hash16>": 16 hexadecimal digits of a SHA-256 over the
  /// model's parts, and over all. Characters that file names dislike become '_'.
  std::filesystem::path folder() const;
};

/// A part that differs; an empty text: one side lacks it.
struct Difference {
  std::string part, stored, wanted;
};

/// In the order of `wanted`.
std::vector<Difference> differences(const std::vector<KeyPart>& stored, const std::vector<KeyPart>& wanted);

}  // namespace tessera::artefacts
