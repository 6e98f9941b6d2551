/* Unit tests of src/device: the table of neighbours, made at once and changed entry by entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/table.h"

static const struct hash_key seed = {7};

static struct addr addr_number(unsigned number)
{
	struct addr addr = {.family = number % 3 ? 4 : 6};
	memcpy(addr.bytes, &number, sizeof number);
	return addr;
}

static struct mac mac_number(unsigned number)
{
	struct mac mac = {{2, 0}};
	memcpy(mac.bytes + 2, &number, sizeof number);
	return mac;
}

static bool has(const struct neighbour_table *table, unsigned number, unsigned mac_wanted)
{
	struct addr addr = addr_number(number);
	struct mac mac, wanted = mac_number(mac_wanted);
	return neighbour_lookup(table, &addr, &mac) && mac_equal(&mac, &wanted);
}

static void no_table_holds_nothing(void **state)
{
	(void)state;
	struct addr addr = addr_number(1);
	struct mac mac;
	struct neighbour_table *table = neighbour_table_new(seed, NULL, NULL, 0);
	assert_false(neighbour_lookup(NULL, &addr, &mac));
	assert_int_equal(neighbour_count(NULL), 0);
	neighbour_each(NULL, NULL, NULL);
	assert_false(neighbour_lookup(table, &addr, &mac));
	assert_int_equal(neighbour_count(table), 0);
	neighbour_each(table, NULL, NULL);
	neighbour_table_free(&table);
	assert_null(table);
	neighbour_table_free(&table);
}

static void last_of_two_wins(void **state)
{
	(void)state;
	struct addr addrs[] = {addr_number(1), addr_number(2), addr_number(1), {0}};
	struct mac macs[] = {mac_number(10), mac_number(20), mac_number(30), mac_number(40)};
	struct neighbour_table *table = neighbour_table_new(seed, addrs, macs, PF_COUNT(addrs));
	assert_int_equal(neighbour_count(table), 2); /* family 0 is no address */
	assert_true(has(table, 1, 30));
	assert_true(has(table, 2, 20));
	assert_false(has(table, 3, 0));
	neighbour_table_free(&table);
}

static void families_do_not_mix(void **state)
{
	(void)state;
	struct addr addrs[] = {{4, {10, 1, 2, 3}}, {6, {10, 1, 2, 3}}};
	struct mac macs[] = {mac_number(4), mac_number(6)}, mac;
	struct neighbour_table *table = neighbour_table_new(seed, addrs, macs, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(neighbour_lookup(table, &addrs[i], &mac));
		assert_true(mac_equal(&mac, &macs[i]));
	}
	neighbour_table_free(&table);
}

struct tally {
	unsigned count;
	uint64_t sum;
};

static void add(void *data, const struct addr *addr, const struct mac *mac)
{
	struct tally *tally = data;
	unsigned number, of_mac;
	memcpy(&number, addr->bytes, sizeof number);
	memcpy(&of_mac, mac->bytes + 2, sizeof of_mac);
	assert_int_equal(number, of_mac);
	tally->count++;
	tally->sum += number;
}

static void each_is_called_for_all(void **state)
{
	(void)state;
	enum { COUNT = 1000 };
	struct addr addrs[COUNT];
	struct mac macs[COUNT];
	struct tally tally = {0};
	for (unsigned i = 0; i < COUNT; i++) {
		addrs[i] = addr_number(i);
		macs[i] = mac_number(i);
	}
	struct neighbour_table *table = neighbour_table_new(seed, addrs, macs, COUNT);
	neighbour_each(table, add, &tally);
	assert_int_equal(tally.count, COUNT);
	assert_int_equal(tally.sum, COUNT * (COUNT - 1) / 2);
	neighbour_table_free(&table);
}

/* 200,000 random changes against a plain array that knows what must be there. Small ranges, so that gaps are
 * filled, wrap round the end and meet each other. */
static void changes_like_a_plain_array(void **state)
{
	(void)state;
	enum { RANGE = 300, CHANGES = 200000 };
	unsigned held[RANGE] = {0}, random = 1, count = 0;
	struct neighbour_table *table = table_new(seed, 0);
	for (unsigned i = 1; i <= CHANGES; i++) {
		random = random * 1664525u + 1013904223u;
		unsigned number = (random >> 8) % RANGE;
		struct addr addr = addr_number(number);
		/* Phases of growing and of shrinking. */
		bool put = (random >> 24) % 8 < (i / 20000 % 2 ? 2u : 6u);
		if (put) {
			struct neighbour *entry = table_put(&table, &addr);
			assert_non_null(entry);
			entry->mac = mac_number(i);
			count += !held[number];
			held[number] = i;
		} else if (held[number]) {
			struct neighbour *entry = table_find(table, &addr);
			assert_non_null(entry);
			table_remove(table, entry);
			count--;
			held[number] = 0;
		}
		assert_int_equal(neighbour_count(table), count);
		if (i % 500)
			continue;
		for (unsigned j = 0; j < RANGE; j++) {
			struct addr other = addr_number(j);
			assert_int_equal(table_find(table, &other) != NULL, held[j] != 0);
			if (held[j])
				assert_true(has(table, j, held[j]));
		}
	}
	neighbour_table_free(&table);
}

/* The loop of the watcher that forgets: whatever is removed on the way, the rest is looked at. */
static void removing_in_a_loop_misses_none(void **state)
{
	(void)state;
	for (unsigned count = 1; count < 200; count++) {
		struct neighbour_table *table = table_new((struct hash_key){count}, 0);
		for (unsigned i = 0; i < count; i++) {
			struct addr addr = addr_number(i);
			table_put(&table, &addr)->dump = i % 3;
		}
		for (size_t i = 0; i <= table->mask;) {
			if (table->slots[i].addr.family && table->slots[i].dump)
				table_remove(table, &table->slots[i]);
			else
				i++;
		}
		assert_int_equal(neighbour_count(table), (count + 2) / 3);
		for (unsigned i = 0; i < count; i++) {
			struct addr addr = addr_number(i);
			assert_int_equal(table_find(table, &addr) != NULL, i % 3 == 0);
		}
		neighbour_table_free(&table);
	}
}

static void copy_is_on_its_own(void **state)
{
	(void)state;
	struct neighbour_table *table = table_new(seed, 0);
	struct addr one = addr_number(1), two = addr_number(2);
	table_put(&table, &one)->mac = mac_number(1);
	struct neighbour_table *copy = table_copy(table);
	table_put(&table, &one)->mac = mac_number(9);
	table_put(&table, &two)->mac = mac_number(2);
	assert_int_equal(neighbour_count(copy), 1);
	assert_true(has(copy, 1, 1));
	assert_false(has(copy, 2, 2));
	assert_true(has(table, 1, 9));
	neighbour_table_free(&table);
	neighbour_table_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_table_holds_nothing),
		cmocka_unit_test(last_of_two_wins),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(each_is_called_for_all),
		cmocka_unit_test(changes_like_a_plain_array),
		cmocka_unit_test(removing_in_a_loop_misses_none),
		cmocka_unit_test(copy_is_on_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
