/// A YAML node as JSON, by the core schema of YAML 1.2.
#pragma once

#include <string>

namespace YAML {
class Node;
}

namespace tessera {

/// Plain scalars that look like null, a boolean or a finite number are these, all others and quoted ones are
/// texts. A key that is no scalar is written as the empty text.
std::string json_of_yaml(const YAML::Node& node);

}  // namespace tessera
