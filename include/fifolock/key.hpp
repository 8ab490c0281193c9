/* SPDX-License-Identifier: MIT
 *
 * fifolock/key.hpp - for fifolock/table.hpp: which types can be keys.
 *
 *	an integer, an enumeration	the number: of 64 bits, so -1 is UINT64_MAX
 *	what converts to std::string_view	the text
 *	std::array of char, unsigned char, signed char, std::byte	the bytes
 *	fifolock_key_t			what it says
 *	any other type			what as_fifolock_key(key) returns, one of the above
 *
 * as_fifolock_key is a function in the namespace of the type:
 *
 *	struct row {
 *		std::uint32_t table, id;
 *	};
 *	inline std::uint64_t as_fifolock_key(const row &r)
 *	{
 *		return std::uint64_t{r.table} << 32 | r.id;
 *	}
 *
 * It must return equal values for equal keys, and different ones for different keys.  Text that it
 * makes it returns as std::string, text that is in the key already as std::string_view.
 */
#ifndef FIFOLOCK_KEY_HPP
#define FIFOLOCK_KEY_HPP

#include <fifolock/table.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace fifolock
{

namespace compile_error
{

template <class Key, bool CanBe> struct key_of_table {
	static_assert(CanBe,
		      "fifolock: a key is an integer, an enumeration, text, an array of "
		      "bytes, or of a type that as_fifolock_key(key) is there for");
	static constexpr bool ok = CanBe;
};

} // namespace compile_error

namespace detail
{

template <class Key, class = void> constexpr bool has_as_key = false;
template <class Key>
constexpr bool has_as_key<
	Key, std::void_t<decltype(as_fifolock_key(std::declval<const Key &>()))>> = true;

template <class Key>
constexpr bool is_number = (std::is_integral_v<Key> ||
			    std::is_enum_v<Key>)&&sizeof(Key) <= sizeof(std::uint64_t);

template <class Key>
constexpr bool is_text = std::is_convertible_v<const Key &, std::string_view>;

template <class Byte>
constexpr bool is_byte =
	std::is_same_v<Byte, char> || std::is_same_v<Byte, unsigned char> ||
	std::is_same_v<Byte, signed char> || std::is_same_v<Byte, std::byte>;

/* How keys of a type become those of C, and how they are had back.
 *
 *	argument	what functions take
 *	kept		what is kept until the table has been told: as long as it is there, tell
 *			may be used
 *	seen		what the key of a hold is */
template <class Key, class = void> struct key_type {
	static_assert(compile_error::key_of_table<Key, false>::ok);
	using argument = const Key &;
	using kept = fifolock_key_t;
	using seen = fifolock_key_t;
};

template <class Key>
struct key_type<Key, std::enable_if_t<!has_as_key<Key> && is_number<Key>>> {
	using argument = Key;
	using kept = Key;
	using seen = Key;

	static kept keep(argument key) noexcept
	{
		return key;
	}
	static fifolock_key_t tell(const kept &key) noexcept
	{
		return fifolock_key(static_cast<std::uint64_t>(key));
	}
	static seen see(fifolock_key_t key) noexcept
	{
		return static_cast<Key>(key.n);
	}
};

template <class Key>
struct key_type<Key, std::enable_if_t<!has_as_key<Key> && is_text<Key>>> {
	using argument = std::string_view;
	using kept = std::string_view;
	using seen = std::string_view;

	static kept keep(argument key) noexcept
	{
		return key;
	}
	static fifolock_key_t tell(const kept &key) noexcept
	{
		return fifolock_key_bytes(key.data(), key.size());
	}
	static seen see(fifolock_key_t key) noexcept
	{
		return {static_cast<const char *>(key.bytes), key.n};
	}
};

template <class Byte, std::size_t Size>
struct key_type<std::array<Byte, Size>, std::enable_if_t<is_byte<Byte>>> {
	using argument = const std::array<Byte, Size> &;
	using kept = fifolock_key_t;
	using seen = std::array<Byte, Size>;

	static kept keep(argument key) noexcept
	{
		return fifolock_key_bytes(key.data(), Size);
	}
	static fifolock_key_t tell(const kept &key) noexcept
	{
		return key;
	}
	static seen see(fifolock_key_t key) noexcept
	{
		seen bytes{};

		if constexpr (Size > 0)
			std::memcpy(bytes.data(), key.bytes, Size);
		return bytes;
	}
};

template <> struct key_type<fifolock_key_t> {
	using argument = fifolock_key_t;
	using kept = fifolock_key_t;
	using seen = fifolock_key_t;

	static kept keep(argument key) noexcept
	{
		return key;
	}
	static fifolock_key_t tell(const kept &key) noexcept
	{
		return key;
	}
	static seen see(fifolock_key_t key) noexcept
	{
		return key;
	}
};

template <class Key> struct key_type<Key, std::enable_if_t<has_as_key<Key>>> {
	using argument = const Key &;
	using kept = std::decay_t<decltype(as_fifolock_key(std::declval<argument>()))>;
	using seen = typename key_type<kept>::seen;

	static kept keep(argument key)
	{
		return as_fifolock_key(key);
	}
	static fifolock_key_t tell(const kept &key) noexcept
	{
		return key_type<kept>::tell(key_type<kept>::keep(key));
	}
	static seen see(fifolock_key_t key) noexcept
	{
		return key_type<kept>::see(key);
	}
};

/* A key while the table is told. */
template <class Key> class told
{
	using type = key_type<Key>;
	typename type::kept kept_;

public:
	explicit told(typename type::argument key) : kept_(type::keep(key))
	{
	}
	operator fifolock_key_t() const noexcept
	{
		return type::tell(kept_);
	}
};

} // namespace detail
} // namespace fifolock

#endif
