/* SPDX-License-Identifier: MIT
 *
 * refused.cpp - tables that cannot be: each CASE is an error of the compiler.  It says what is in
 * the line "says", and names what is in the line "names"; 0 is right.  refused.sh looks.
 */
#if CASE > 12
#include <fifolock/table.hpp>
#elif CASE == 0 || CASE > 9
#include <fifolock/fifolock.hpp>
#else /* the same, sooner */
#include <fifolock/modes.hpp>
template <class Table> struct lock {
	const fifolock_modes_t *table = Table::native();
};
#endif

using namespace fifolock;

struct small : mode<at_most<3>> {
};
struct wide : mode<at_most<UINT32_MAX>> {
};
struct absent : mode<> {
};

#if CASE == 0
struct plain : mode<conflicts<small>> {
};
lock<modes<small, wide, plain>> object;
void use()
{
	object.lock(plain());
}
#elif CASE == 1
// says the modes of this table need more bits than the 61 that a lock has
// names bits_of_modes<wide, 33, 69>
struct also_wide : mode<at_most<UINT32_MAX>> {
};
lock<modes<small, wide, also_wide>> object;
#elif CASE == 2
// says a rule of the first mode names the second one, which is not in the table
// names rule_of_mode_about<quarrels, absent, false>
struct quarrels : mode<conflicts<small, absent>> {
};
lock<modes<small, quarrels>> object;
#elif CASE == 3
// says a rule of the first mode names the second one, which is not in the table
// names rule_of_mode_about<counts, absent, false>
struct counts : mode<fewer_than<absent, 3>> {
};
lock<modes<small, counts>> object;
#elif CASE == 4
// says this mode could never be held
// names mode_held_at_most<never, 0>
struct never : mode<at_most<0>> {
};
lock<modes<small, never>> object;
#elif CASE == 5
// says this mode is in the table more than once
// names mode_in_table<small, 2>
lock<modes<small, wide, small>> object;
#elif CASE == 6
// says this type is not derived from fifolock::mode
// names is_mode<other, false>
struct other {
};
lock<modes<small, other>> object;
#elif CASE == 7
// says the second type is no rule of a mode
// names rule_of_mode<odd, small, false>
struct odd : mode<small> {
};
lock<modes<small, odd>> object;
#elif CASE == 8
// says a table has 1 to 16 modes
// names number_of_modes<17>
template <int> struct numbered : mode<at_most<1>> {
};
lock<modes<numbered<1>, numbered<2>, numbered<3>, numbered<4>, numbered<5>, numbered<6>,
	   numbered<7>, numbered<8>, numbered<9>, numbered<10>, numbered<11>,
	   numbered<12>, numbered<13>, numbered<14>, numbered<15>, numbered<16>,
	   numbered<17>>>
	object;
#elif CASE == 9
// says a table has 1 to 16 modes
// names number_of_modes<0>
lock<modes<>> object;
#elif CASE == 10
// says this mode is not in the lock's table
// names mode_in_table<absent, 0>
void use(lock<modes<small, wide>> &object)
{
	object.lock(absent());
}
#elif CASE == 11
// says this mode is not in the lock's table
// names mode_in_table<fifolock::update, 0>
void use(shared_mutex &object)
{
	hold<shared_exclusive_modes> held(object, update());
}
#elif CASE == 12
// says no matching
// names lock_shared
void use(mutex &object)
{
	object.lock_shared();
}
#elif CASE == 13
// says fifolock: a key is an integer, an enumeration, text, an array of bytes, or of a type
// names key_of_table<double, false>
table<mutex_modes, double> object;
#elif CASE == 14
// says this mode is not in the lock's table
// names mode_in_table<absent, 0>
void use(table<modes<small, wide>, int> &object)
{
	(void)object.lock(1, absent());
}
#elif CASE == 15
// says no matching
// names lock_shared
void use(table<mutex_modes, int> &object)
{
	(void)object.lock_shared(1);
}
#elif CASE == 16
// says this mode is not in the lock's table
// names mode_in_table<fifolock::update, 0>
void use(table<shared_exclusive_modes, int> &object)
{
	(void)object.lock_all({{1, shared()}, {2, update()}});
}
#elif CASE == 17
// says fifolock: a range of paths whose paths are made when they are looked at
// names tree_path_list
struct made {
	struct iterator {
		std::string operator*() const;
		iterator &operator++();
		bool operator!=(const iterator &) const;
	};
	iterator begin() const;
	iterator end() const;
};
tree_path_list object{made()};
#endif
