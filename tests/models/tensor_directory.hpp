/// A checkpoint's tensor directory as an architecture receives it, from a folder or made up; and a host that
/// listens.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <string>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::models {

/// Name, dtype and dims of tensors; no bytes. Not copyable: the C structs point into it.
class TensorDirectory {
 public:
  TensorDirectory();
  TensorDirectory(const TensorDirectory&) = delete;
  TensorDirectory& operator=(const TensorDirectory&) = delete;

  /// All tensors of a checkpoint folder.
  void add_folder(const std::filesystem::path& folder);
  void add(const std::string& name, graph::DataType dtype, std::vector<int64_t> dims);
  /// Replaces or removes what add() made.
  void remove(const std::string& name);

  /// Valid until the directory changes.
  sdk::Weights weights();

 private:
  struct Entry {
    std::string name, location;
    std::vector<int64_t> dims;
    tsr_weight c;
  };
  void add_entry(Entry entry);

  std::list<Entry> entries_;
  std::vector<const tsr_weight*> items_;
  tsr_weights table_{};
};

/// A host that keeps what is logged.
class ListeningHost {
 public:
  ListeningHost();
  ListeningHost(const ListeningHost&) = delete;
  sdk::Host host() const { return sdk::Host(&table_.c); }
  const std::vector<std::string>& warnings() const { return table_.warnings; }

 private:
  struct Table {
    tsr_host c;
    std::vector<std::string> warnings;
  };
  Table table_{};
};

/// A folder of tests/data/models.
std::filesystem::path model_folder(const std::string& name);
/// config.json of it.
std::string config_text(const std::string& name);

}  // namespace tessera::models
