/// Models in the local cache of the Hugging Face hub. Nothing here uses the network.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tessera {

/// The folder in which huggingface_hub keeps what it has fetched: $HF_HUB_CACHE, else $HF_HOME/hub, else
/// $XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub. A variable that is set but empty counts as
/// not set; a leading '~' is the home folder. It need not exist.
std::filesystem::path hub_cache_folder();

/// "org/name" or "name", with an optional "@revision" (a branch, a tag, "refs/pr/1", or a commit).
struct HubId {
  std::string repository;
  std::string revision = "main";
};

/// Nothing when the text cannot be an id of the hub (a path, empty parts, characters that ids do not have).
std::optional<HubId> parse_hub_id(std::string_view text);

/// What a user called a model, found.
struct ModelFolder {
  std::filesystem::path folder;
  std::string commit;  ///< of the hub's repository; empty for a folder that was given
};

/// A folder that exists wins; else the id is looked up in the cache
/// (models--org--name/refs/<revision> holds the commit, snapshots/<commit>/ the files).
/// Throws Error kInvalidArgument (a file, or neither path nor id), kNotFound (lists where it looked and what
/// is there), kCorruptData (a ref that holds no commit).
ModelFolder find_model(std::string_view folder_or_id);

}  // namespace tessera
