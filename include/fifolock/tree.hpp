/* SPDX-License-Identifier: MIT
 *
 * fifolock/tree.hpp - for fifolock/table.hpp: sub-trees by path.
 *
 *	fifolock::tree files;
 *
 *	auto held = files.lock({.read = {"usr/share"}, .write = {home, "var/log"}});	// C++20
 *	auto held = files.lock({{"usr/share"}, {home, "var/log"}});			// C++17
 *
 * What fifolock/tree.h says holds here; errors and deadlines are as in
 * fifolock/table.hpp.
 */
#ifndef FIFOLOCK_TREE_HPP
#define FIFOLOCK_TREE_HPP

#include <fifolock/clock.hpp>
#include <fifolock/key_hold.hpp>
#include <fifolock/tree.h>

#include <chrono>
#include <initializer_list>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

namespace fifolock
{

/* ---- paths, for the time of a call ---- */

/* const char *, std::string, std::filesystem::path: what ends with a NUL. */
class tree_path
{
	const char *text_;

	template <class Text>
	using if_text = std::enable_if_t<
		std::is_convertible_v<decltype(std::declval<const Text &>().c_str()),
				      const char *>,
		int>;

public:
	tree_path(const char *text) noexcept : text_(text)
	{
	}
	template <class Text, if_text<Text> = 0>
	tree_path(const Text &text) noexcept : text_(text.c_str())
	{
	}
	const char *c_str() const noexcept
	{
		return text_;
	}
};

/* Some paths: {one, other}, a single one, or a range. */
class tree_path_list
{
	std::vector<const char *> texts_;

	template <class T>
	static constexpr bool is_path = std::is_convertible_v<const T &, tree_path>;
	template <class T>
	using if_path = std::enable_if_t<is_path<std::decay_t<T>>, int>;
	template <class Range>
	using if_paths =
		std::enable_if_t<!is_path<Range> &&
					 is_path<std::decay_t<decltype(*std::begin(
						 std::declval<const Range &>()))>>,
				 int>;

public:
	tree_path_list() noexcept = default;
	tree_path_list(std::initializer_list<tree_path> paths)
	{
		add(paths);
	}
	template <class Path, if_path<Path> = 0>
	tree_path_list(const Path &path) : texts_{tree_path(path).c_str()}
	{
	}
	template <class Range, if_paths<Range> = 0> tree_path_list(const Range &paths)
	{
		static_assert(std::is_lvalue_reference_v<decltype(*std::begin(paths))>,
			      "fifolock: a range of paths whose paths are made when they "
			      "are looked at");
		add(paths);
	}
	const char *const *data() const noexcept
	{
		return texts_.data();
	}
	std::size_t size() const noexcept
	{
		return texts_.size();
	}

private:
	template <class Range> void add(const Range &paths)
	{
		for (const auto &path : paths)
			texts_.push_back(tree_path(path).c_str());
	}
};

/* The sub-trees below read are read, beside other readers, and those below write are written, alone. */
struct tree_paths {
	tree_path_list read = {};
	tree_path_list write = {};
};

/* The same in a tree with a parent function. */
struct tree_nodes {
	std::vector<fifolock_key_t> read = {};
	std::vector<fifolock_key_t> write = {};
};

/* ---- what one call has locked ---- */

/* Or nothing.  Its destructor gives it back, and ends the program if it does not exist. */
class [[nodiscard]] tree_hold
{
	fifolock_tree_hold_t hold_{};
	bool held_ = false;

	friend class tree;

public:
	tree_hold() noexcept = default;
	tree_hold(tree_hold &&other) noexcept
		: hold_(other.hold_), held_(std::exchange(other.held_, false))
	{
	}
	tree_hold &operator=(tree_hold &&other)
	{
		tree_hold(std::move(other)).swap(*this);
		return *this;
	}
	~tree_hold()
	{
		if (held_)
			unlock();
	}

	void swap(tree_hold &other) noexcept
	{
		std::swap(hold_, other.hold_);
		std::swap(held_, other.held_);
	}
	void unlock()
	{
		const bool held = std::exchange(held_, false);

		detail::check(held ? fifolock_tree_unlock(&hold_) : EPERM,
			      "fifolock: unlock");
	}
	bool owns_lock() const noexcept
	{
		return held_;
	}
	explicit operator bool() const noexcept
	{
		return held_;
	}
};

/* ---- trees ---- */

/* The destructor ends the program if a node is held or waited for. */
class tree
{
	fifolock_tree_t *tree_ = nullptr;

public:
	using hold = tree_hold;
	using native_handle_type = fifolock_tree_t *;

	tree() : tree(fifolock_tree_options())
	{
	}
	explicit tree(const fifolock_tree_options &options)
	{
		detail::table_check(fifolock_tree_create(&tree_, &options),
				    "fifolock: tree");
	}
	tree(const tree &) = delete;
	tree &operator=(const tree &) = delete;
	~tree()
	{
		detail::check(fifolock_tree_destroy(tree_),
			      "fifolock: tree in use is destroyed");
	}

	native_handle_type native_handle() const noexcept
	{
		return tree_;
	}
	/* The table that its nodes are keys of. */
	fifolock_table_t *native_table() const noexcept
	{
		return fifolock_tree_table(tree_);
	}

	/* All or none.  EINVAL: a name in a path is "." or ".."; the tree has a parent function. */
	hold lock(const tree_paths &paths)
	{
		return all(paths);
	}
	/* These return an empty hold where it was not to be had in time: then nothing is held. */
	template <class Rep, class Period>
	hold try_lock_for(const tree_paths &paths,
			  const std::chrono::duration<Rep, Period> &wait)
	{
		return all_for(paths, wait);
	}
	template <class Clock, class Duration>
	hold try_lock_until(const tree_paths &paths,
			    const std::chrono::time_point<Clock, Duration> &at)
	{
		return all_until(paths, at);
	}

	/* EINVAL: the tree has no parent function. */
	hold lock_nodes(const tree_nodes &nodes)
	{
		return all(nodes);
	}
	template <class Rep, class Period>
	hold try_lock_nodes_for(const tree_nodes &nodes,
				const std::chrono::duration<Rep, Period> &wait)
	{
		return all_for(nodes, wait);
	}
	template <class Clock, class Duration>
	hold try_lock_nodes_until(const tree_nodes &nodes,
				  const std::chrono::time_point<Clock, Duration> &at)
	{
		return all_until(nodes, at);
	}

private:
	int native_lock(const tree_paths &wanted, const timespec *deadline, hold &held)
	{
		return fifolock_tree_lock(tree_, wanted.read.data(), wanted.read.size(),
					  wanted.write.data(), wanted.write.size(),
					  deadline, &held.hold_);
	}
	int native_lock(const tree_nodes &wanted, const timespec *deadline, hold &held)
	{
		return fifolock_tree_lock_nodes(
			tree_, wanted.read.data(), wanted.read.size(),
			wanted.write.data(), wanted.write.size(), deadline, &held.hold_);
	}

	template <class Wanted> hold all(const Wanted &wanted)
	{
		hold held;

		detail::table_check(native_lock(wanted, nullptr, held), "fifolock: lock");
		held.held_ = true;
		return held;
	}
	template <class Wanted, class Rep, class Period>
	hold all_for(const Wanted &wanted, const std::chrono::duration<Rep, Period> &wait)
	{
		const timespec deadline = detail::from_now(wait);
		hold held;

		held.held_ = detail::table_taken(native_lock(wanted, &deadline, held),
						 "fifolock: try_lock_for");
		return held;
	}
	template <class Wanted, class Clock, class Duration>
	hold all_until(const Wanted &wanted,
		       const std::chrono::time_point<Clock, Duration> &at)
	{
		hold held;
		const int error = detail::until<CLOCK_MONOTONIC>(
			at, [&](clockid_t, const timespec *deadline) {
				return native_lock(wanted, deadline, held);
			});

		held.held_ = detail::table_taken(error, "fifolock: try_lock_until");
		return held;
	}
};

} // namespace fifolock

#endif
