#pragma once

#include <cstdint>

/// Signatures and values of a zip's records (APPNOTE.TXT 6.3.10, sections 4.3 to 4.5), for its writer and its reader.
namespace osbackup::archive::zip {

inline constexpr std::uint32_t kLocalHeader = 0x04034B50;
inline constexpr std::uint32_t kDescriptor = 0x08074B50;
inline constexpr std::uint32_t kCentralHeader = 0x02014B50;
inline constexpr std::uint32_t kZip64End = 0x06064B50;
inline constexpr std::uint32_t kZip64Locator = 0x07064B50;
inline constexpr std::uint32_t kEnd = 0x06054B50;

inline constexpr std::uint16_t kStored = 0;
inline constexpr std::uint16_t kDeflated = 8;
inline constexpr std::uint16_t kFlagEncrypted = 1U << 0U;
inline constexpr std::uint16_t kFlagDescriptor = 1U << 3U;
inline constexpr std::uint16_t kFlagUtf8 = 1U << 11U;
inline constexpr std::uint16_t kZip64Extra = 1;          ///< 4.5.3.
inline constexpr std::uint64_t kZip64EndRestBytes = 44;  ///< 4.3.14.1: without its signature and this number.
inline constexpr std::uint32_t kSee64 = 0xFFFFFFFF;      ///< The value stands in a Zip64 field.
inline constexpr std::uint16_t kSeeZip64End = 0xFFFF;    ///< The count stands in the Zip64 end record.

inline constexpr std::uint64_t kLocalHeaderBytes = 30;  ///< 4.3.7: without name and extra fields.
/// What stands before the content of an entry that ZipWriter wrote, without its name (docs/format.md, "Entries").
inline constexpr std::uint64_t kWrittenHeaderBytes = kLocalHeaderBytes + 20;
inline constexpr std::uint16_t kWrittenFlags = kFlagDescriptor | kFlagUtf8;
/// What stands behind it: signature, CRC-32, and both sizes in 8 bytes each (4.3.9.2).
inline constexpr std::uint64_t kWrittenDescriptorBytes = 4 + 4 + 8 + 8;

}  // namespace osbackup::archive::zip
