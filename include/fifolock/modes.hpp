/* SPDX-License-Identifier: MIT
 *
 * fifolock/modes.hpp - mode tables that the compiler makes and checks (C++17).
 *
 *	struct writer;
 *	struct reader;
 *
 *	struct writer : fifolock::mode<fifolock::conflicts<writer, reader>> {
 *		static constexpr const char *name = "writer";	// for messages
 *	};
 *	struct reader : fifolock::mode<fifolock::conflicts<writer>> {
 *		static constexpr const char *name = "reader";
 *	};
 *	using rw = fifolock::modes<writer, reader>;
 *
 *	fifolock::lock<rw> lock;				// fifolock/fifolock.hpp
 *
 * A mode is a type that is derived from fifolock::mode and says its rules, which are those of
 * struct fifolock_mode (fifolock/modes.h).  modes<...> is the table of these modes, numbered in
 * that order.  The table is a constant, the same that fifolock_modes_compile makes.
 *
 * A table that cannot be is an error of the compiler, which names the mode: one that does not fit
 * into the 61 bits of a lock, a rule about a mode that is not in the table, a mode that could
 * never be held, a lock asked for a mode that its table does not have.
 */
#ifndef FIFOLOCK_MODES_HPP
#define FIFOLOCK_MODES_HPP

#include <fifolock/compile.hpp>
#include <fifolock/modes.h>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>

namespace fifolock
{

/* ---- rules ---- */

/* A mode, with any of the rules below; none: any number of holds, beside all others.  A static
 * constexpr const char *name in the derived type is for messages. */
template <class... Rules> struct mode {
};

/* Not granted while a hold of one of these modes exists.  The mode itself among them: one hold. */
template <class... Modes> struct conflicts {
};

/* The same for those of them that are in the table. */
template <class... Modes> struct conflicts_if_present {
};

/* Not granted while any hold exists. */
struct alone {
};

/* So many holds of this mode at once, 1 or more. */
template <std::uint32_t Max> struct at_most {
};

/* Granted while fewer than Limit holds of Mode exist, 1 or more. */
template <class Mode, std::uint32_t Limit> struct fewer_than {
};

/* ---- tables of types ---- */

/* What the compiler says of a table that cannot be.  The names of the modes are in the line that
 * says which of these templates it has made. */
namespace compile_error
{

template <class Mode, class Other, bool Present> struct rule_of_mode_about {
	static_assert(Present, "fifolock: a rule of the first mode names the second one, "
			       "which is not in the table");
	static constexpr bool ok = Present;
};

template <class Mode, class Rule, bool IsRule> struct rule_of_mode {
	static_assert(IsRule, "fifolock: the second type is no rule of a mode");
	static constexpr bool ok = IsRule;
};

template <class Mode, std::uint32_t Most> struct mode_held_at_most {
	static_assert(Most > 0, "fifolock: this mode could never be held");
	static constexpr bool ok = Most > 0;
};

template <class Mode, unsigned Times> struct mode_in_table {
	static_assert(Times > 0, "fifolock: this mode is not in the lock's table");
	static_assert(Times < 2, "fifolock: this mode is in the table more than once");
	static constexpr bool ok = Times == 1;
};

template <class Mode, bool IsMode> struct is_mode {
	static_assert(IsMode, "fifolock: this type is not derived from fifolock::mode, "
			      "or not complete here");
	static constexpr bool ok = IsMode;
};

template <unsigned Modes> struct number_of_modes {
	static_assert(Modes > 0 && Modes <= FIFOLOCK_MAX_MODES,
		      "fifolock: a table has 1 to 16 modes");
	static constexpr bool ok = Modes > 0 && Modes <= FIFOLOCK_MAX_MODES;
};

template <class WidestMode, unsigned ItsBits, unsigned BitsTogether>
struct bits_of_modes {
	static_assert(
		BitsTogether <= detail::bits_of_a_lock,
		"fifolock: the modes of this table need more bits than the 61 that a "
		"lock has; the mode that is named here takes most of them "
		"(1 + ceil(log2(most holds)) each)");
	static constexpr bool ok = BitsTogether <= detail::bits_of_a_lock;
};

} // namespace compile_error

namespace detail
{

template <class Mode, class... Modes> constexpr unsigned index_of()
{
	unsigned index = 0;
	bool found = false;

	((found = found || std::is_same_v<Mode, Modes>, index += !found), ...);
	return index;
}

template <class Mode, class... Modes>
constexpr unsigned times_in = (0u + ... + std::is_same_v<Mode, Modes>);

/* A table as struct fifolock_mode has it, in place. */
struct written {
	fifolock_mode modes[FIFOLOCK_MAX_MODES];
	std::uint32_t limits[FIFOLOCK_MAX_MODES][FIFOLOCK_MAX_MODES];
};

/* What is wrong with a rule is a compile error; right is what it writes. */
template <class Rule> struct rule {
	template <class Mode, class... Modes> static constexpr bool right()
	{
		return compile_error::rule_of_mode<Mode, Rule, false>::ok;
	}
	template <class... Modes> static constexpr void write(written &, unsigned)
	{
	}
};

template <class... Others> struct rule<conflicts<Others...>> {
	template <class Mode, class... Modes> static constexpr bool right()
	{
		return (true && ... &&
			compile_error::rule_of_mode_about<
				Mode, Others, (times_in<Others, Modes...>) != 0>::ok);
	}
	template <class... Modes> static constexpr void write(written &out, unsigned m)
	{
		((out.modes[m].conflicts |= 1u << index_of<Others, Modes...>()), ...);
	}
};

template <class... Others> struct rule<conflicts_if_present<Others...>> {
	template <class, class...> static constexpr bool right()
	{
		return true;
	}
	template <class... Modes> static constexpr void write(written &out, unsigned m)
	{
		((out.modes[m].conflicts |=
		  (times_in<Others, Modes...> ? 1u << index_of<Others, Modes...>() : 0)),
		 ...);
	}
};

template <> struct rule<alone> {
	template <class, class...> static constexpr bool right()
	{
		return true;
	}
	template <class... Modes> static constexpr void write(written &out, unsigned m)
	{
		out.modes[m].conflicts |= (1u << sizeof...(Modes)) - 1;
	}
};

template <std::uint32_t Max> struct rule<at_most<Max>> {
	template <class Mode, class...> static constexpr bool right()
	{
		return compile_error::mode_held_at_most<Mode, Max>::ok;
	}
	template <class...> static constexpr void write(written &out, unsigned m)
	{
		out.modes[m].max = Max;
	}
};

template <class Other, std::uint32_t Limit> struct rule<fewer_than<Other, Limit>> {
	template <class Mode, class... Modes> static constexpr bool right()
	{
		return compile_error::rule_of_mode_about<
			       Mode, Other, times_in<Other, Modes...> != 0>::ok &&
		       compile_error::mode_held_at_most<Mode, Limit>::ok;
	}
	template <class... Modes> static constexpr void write(written &out, unsigned m)
	{
		out.limits[m][index_of<Other, Modes...>()] = Limit;
	}
};

template <class... Rules> struct rules_of {
	static constexpr bool is_mode = true;

	template <class Mode, class... Modes> static constexpr bool right()
	{
		return (true && ... && rule<Rules>::template right<Mode, Modes...>());
	}
	template <class... Modes> static constexpr void write(written &out, unsigned m)
	{
		(rule<Rules>::template write<Modes...>(out, m), ...);
	}
};

struct no_rules {
	static constexpr bool is_mode = false;
};

/* The rules of the base class. */
template <class... Rules> rules_of<Rules...> rules_in(const mode<Rules...> *);
no_rules rules_in(const void *);
template <class Mode>
using rules = decltype(rules_in(static_cast<const Mode *>(nullptr)));

template <class Mode, class = void> struct name {
	static constexpr const char *text = nullptr;
};
template <class Mode> struct name<Mode, std::void_t<decltype(Mode::name)>> {
	static constexpr const char *text = Mode::name;
};

template <class Mode, class... Modes> constexpr bool mode_right()
{
	if constexpr (compile_error::is_mode<Mode, rules<Mode>::is_mode>::ok &&
		      compile_error::mode_in_table<Mode, times_in<Mode, Modes...>>::ok)
		return rules<Mode>::template right<Mode, Modes...>();
	else
		return false;
}

template <class... Modes> constexpr compiled_modes compile_types()
{
	written out{};
	unsigned m = 0;

	((out.modes[m].name = name<Modes>::text, out.modes[m].limits = out.limits[m],
	  rules<Modes>::template write<Modes...>(out, m), m++),
	 ...);
	return compile_modes(out.modes, sizeof...(Modes));
}

template <class... Modes> constexpr fifolock_modes_t table_of()
{
	if constexpr (!compile_error::number_of_modes<sizeof...(Modes)>::ok)
		return {};
	else if constexpr (!(mode_right<Modes, Modes...>() && ...))
		return {};
	else {
		constexpr compiled_modes made = compile_types<Modes...>();
		using widest = std::tuple_element_t<made.mode, std::tuple<Modes...>>;

		static_assert(compile_error::bits_of_modes<widest, made.bits,
							   made.bits_together>::ok);
		return made.table;
	}
}

constexpr fifolock_modes_t with_owners(fifolock_modes_t table)
{
	table.flags |= flag_owner_checked;
	return table;
}

/* Before main: for a table that is in use. */
template <class Table> struct announced {
	static const bool done;
};
template <class Table>
const bool announced<Table>::done = (fifolock_modes_announce(&Table::table), true);

} // namespace detail

/* A table of modes, the first of them number 0. */
template <class... Modes> struct modes {
	static constexpr unsigned size = sizeof...(Modes);

	template <class Mode>
	static constexpr bool has = detail::times_in<Mode, Modes...> != 0;

	/* The mode's number. */
	template <class Mode> static constexpr unsigned number()
	{
		static_assert(compile_error::mode_in_table<
			      Mode, detail::times_in<Mode, Modes...>>::ok);
		return detail::index_of<Mode, Modes...>();
	}

	/* For fifolock_init and FIFOLOCK_INIT. */
	static constexpr fifolock_modes_t table = detail::table_of<Modes...>();

	static constexpr const fifolock_modes_t *native() noexcept
	{
		(void)&detail::announced<modes>::done;
		return &table;
	}
};

/* The same table, whose holds belong to the thread that took them (fifolock_modes_owner_checked):
 * the debug build and race detectors then look at that. */
template <class Table> struct owner_checked;
template <class... Modes> struct owner_checked<modes<Modes...>> : modes<Modes...> {
	static constexpr fifolock_modes_t table =
		detail::with_owners(modes<Modes...>::table);

	static constexpr const fifolock_modes_t *native() noexcept
	{
		(void)&detail::announced<owner_checked>::done;
		return &table;
	}
};

/* ---- ready-made ---- */

/* The modes of the ready-made tables of fifolock/modes.h, also for tables that have some of them:
 * modes<exclusive, shared>.  A lock whose table has exclusive has lock(), one whose table has
 * shared has lock_shared(). */
struct exclusive;
struct shared;
struct update;
struct intent_shared;
struct intent_exclusive;
struct shared_intent_exclusive;

struct exclusive : mode<alone> {
	static constexpr const char *name = "exclusive";
};
struct shared : mode<conflicts_if_present<exclusive, intent_exclusive,
					  shared_intent_exclusive>> {
	static constexpr const char *name = "shared";
};
struct update : mode<conflicts_if_present<exclusive, update, intent_exclusive,
					  shared_intent_exclusive>> {
	static constexpr const char *name = "update";
};
struct intent_shared : mode<conflicts_if_present<exclusive>> {
	static constexpr const char *name = "intent shared";
};
struct intent_exclusive
	: mode<conflicts_if_present<exclusive, shared, update, shared_intent_exclusive>> {
	static constexpr const char *name = "intent exclusive";
};
struct shared_intent_exclusive
	: mode<conflicts_if_present<exclusive, shared, update, intent_exclusive,
				    shared_intent_exclusive>> {
	static constexpr const char *name = "shared intent exclusive";
};

namespace detail
{

/* The library's own tables. */
template <const fifolock_modes_t *Table, class... Modes> struct preset : modes<Modes...> {
	static constexpr const fifolock_modes_t *native() noexcept
	{
		return Table;
	}
};

} // namespace detail

/* The ready-made tables of fifolock/modes.h, owner-checked as those are. */
using mutex_modes = detail::preset<&fifolock_mutex_modes, exclusive>;
using shared_exclusive_modes =
	detail::preset<&fifolock_shared_exclusive_modes, exclusive, shared>;
using update_modes = detail::preset<&fifolock_update_modes, exclusive, shared, update>;
using intent_modes =
	detail::preset<&fifolock_intent_modes, exclusive, shared, update, intent_shared,
		       intent_exclusive, shared_intent_exclusive>;

/* One mode, of which at most Size holds exist at once. */
template <std::uint32_t Size> struct permit : mode<at_most<Size>> {
	static constexpr const char *name = "semaphore";
};

} // namespace fifolock

#endif
