/* SPDX-License-Identifier: MIT
 *
 * fifolock/compile.hpp - from limits to a mode table, in a constant expression: what
 * fifolock_modes_compile does.  fifolock/modes.hpp is above it.
 *
 *	constexpr fifolock_mode rw[] = {{"writer", 1, 1u << 1, nullptr},
 *					{"reader", 0, 1u << 0, nullptr}};
 *	constexpr fifolock_modes_t table = fifolock::compile_modes(rw, 2).table;
 *
 * It knows how a table is laid out.  So what is in one is a part of the ABI, as its size is.
 */
#ifndef FIFOLOCK_COMPILE_HPP
#define FIFOLOCK_COMPILE_HPP

#include <fifolock/modes.h>

#include <cerrno>
#include <cstdint>

namespace fifolock
{

struct compiled_modes {
	/* 0, or what fifolock_modes_compile returns; then the table is not to be used. */
	int error;
	/* After an error: the mode that it is about; 0 if it is about their number. */
	unsigned mode;
	/* ERANGE: how many bits that mode takes, and all together. */
	unsigned bits;
	unsigned bits_together;
	fifolock_modes_t table;
};

namespace detail
{

constexpr unsigned bits_of_a_lock = 61;
constexpr unsigned widest_field = 33; /* counts to UINT32_MAX */

/* 1 + ceil(log2(capacity)) */
constexpr unsigned bits_for(std::uint32_t capacity)
{
	unsigned bits = 1;

	while (bits < widest_field && (std::uint64_t{1} << (bits - 1)) < capacity)
		bits++;
	return bits;
}

struct layout {
	unsigned count;
	std::uint32_t capacity[FIFOLOCK_MAX_MODES]; /* 0: as many as fit */
	unsigned bits[FIFOLOCK_MAX_MODES];
	unsigned bits_together;
	unsigned open; /* modes with capacity 0, how many */
};

constexpr std::uint32_t capacity_wanted(const fifolock_mode &mode, unsigned self)
{
	std::uint32_t limit = mode.limits ? mode.limits[self] : 0;

	if (mode.conflicts >> self & 1)
		return 1;
	if (mode.max && limit)
		return mode.max < limit ? mode.max : limit;
	return mode.max ? mode.max : limit;
}

constexpr layout layout_wanted(const fifolock_mode modes[], unsigned count)
{
	layout out{};

	out.count = count;
	for (unsigned m = 0; m < count; m++) {
		out.capacity[m] = capacity_wanted(modes[m], m);
		out.bits[m] = bits_for(out.capacity[m]);
		out.bits_together += out.bits[m];
		out.open += out.capacity[m] == 0;
	}
	return out;
}

/* Share the bits that are left among the modes that take as many as fit. */
constexpr void layout_spread(layout &out, fifolock_modes_t &table)
{
	unsigned spare = bits_of_a_lock - out.bits_together;

	for (unsigned m = 0; m < out.count; m++) {
		if (out.capacity[m])
			continue;
		unsigned more = spare / out.open--;

		if (more > widest_field - 1)
			more = widest_field - 1;
		spare -= more;
		out.bits[m] += more;
		out.capacity[m] = static_cast<std::uint32_t>((std::uint64_t{1} << more) -
							     (more == widest_field - 1));
		table.open |= std::uintptr_t{1} << m;
	}
}

constexpr void rows_place(fifolock_modes_t &table, const layout &made)
{
	unsigned shift = 0;

	table.count = table.at_once = made.count;
	for (unsigned m = 0; m < made.count; m++) {
		table.rows[m].unit = std::uint64_t{1} << shift;
		table.rows[m].field = ((std::uint64_t{1} << made.bits[m]) - 1) << shift;
		table.capacity[m] = made.capacity[m];
		shift += made.bits[m];
	}
}

/* "Fewer than limit hold x" into mode m's row. */
constexpr void row_limit(fifolock_modes_t &table, unsigned m, unsigned x,
			 std::uint32_t limit)
{
	std::uint64_t field = table.rows[x].field;
	std::uint64_t guard = field & ~(field >> 1);

	if (limit == 0 || limit > table.capacity[x])
		return;
	table.rows[m].bias += guard - table.rows[x].unit * limit;
	table.rows[m].guard |= guard;
}

constexpr std::uint32_t limit_of(const fifolock_mode &mode, unsigned x)
{
	if (mode.conflicts >> x & 1)
		return 1;
	return mode.limits ? mode.limits[x] : 0;
}

/* Does nothing fit beside a hold of mode m, not even another of its own? */
constexpr bool is_alone(const fifolock_modes_t &table, unsigned m)
{
	for (unsigned x = 0; x < table.count; x++)
		if (((table.rows[m].unit + table.rows[x].bias) & table.rows[x].guard) ==
		    0)
			return false;
	return true;
}

/* What fifolock_modes_owner_checked sets; a mode that is_alone. */
constexpr std::uint32_t flag_owner_checked = 1;
constexpr unsigned flag_alone_shift = 16;

constexpr void rows_fill(fifolock_modes_t &table, const fifolock_mode modes[])
{
	for (unsigned m = 0; m < table.count; m++) {
		table.names[m] = modes[m].name;
		for (unsigned x = 0; x < table.count; x++)
			if (x != m)
				row_limit(table, m, x, limit_of(modes[m], x));
		row_limit(table, m, m, table.capacity[m]);
	}
	for (unsigned m = 0; m < table.count; m++)
		if (is_alone(table, m))
			table.flags |= std::uint32_t{1} << (flag_alone_shift + m);
}

constexpr compiled_modes refused(int error, unsigned mode, const layout &wanted)
{
	compiled_modes out{};

	out.error = error;
	out.mode = mode;
	out.bits = wanted.bits[mode];
	out.bits_together = wanted.bits_together;
	return out;
}

constexpr unsigned widest(const layout &wanted)
{
	unsigned widest = 0;

	for (unsigned m = 1; m < wanted.count; m++)
		if (wanted.bits[m] > wanted.bits[widest])
			widest = m;
	return widest;
}

} // namespace detail

/* What fifolock_modes_compile makes of the same modes, in a constant expression or at run time.
 * Does not wait, does not throw; signal handlers may call it.  A table that is made at run time
 * has to be told of (fifolock_modes_announce) before a lock uses it. */
constexpr compiled_modes compile_modes(const fifolock_mode modes[], unsigned count)
{
	compiled_modes out{};

	if (count == 0 || count > FIFOLOCK_MAX_MODES)
		return detail::refused(EINVAL, 0, {});
	for (unsigned m = 0; m < count; m++)
		if (modes[m].conflicts >> count)
			return detail::refused(EINVAL, m, {});
	detail::layout wanted = detail::layout_wanted(modes, count);
	if (wanted.bits_together > detail::bits_of_a_lock)
		return detail::refused(ERANGE, detail::widest(wanted), wanted);
	detail::layout_spread(wanted, out.table);
	detail::rows_place(out.table, wanted);
	detail::rows_fill(out.table, modes);
	return out;
}

} // namespace fifolock

#endif
