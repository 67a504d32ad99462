/// The SDK's two modes. Headers alone are enough: every function is inline, a plugin links nothing. A build
/// of many files defines TESSERA_SDK_SEPARATE in all of them and links libtessera-sdk.a, which holds the long
/// bodies once (the function bodies of domain `tessera`, the wire codec, the inliner): nothing else changes.
#pragma once

#ifdef TESSERA_SDK_SEPARATE
#define TESSERA_SDK_BODY
#else
#define TESSERA_SDK_BODY inline
#endif
