/* Unit tests of src/device: the table of addresses, changed entry by entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "device/key_index.h"

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

static bool has(const struct address_table *table, unsigned number, unsigned mac_wanted)
{
	struct addr addr = addr_number(number);
	struct mac wanted = mac_number(mac_wanted);
	const struct address_entry *entry = table_look(table, &addr);
	return entry && mac_equal(&entry->mac, &wanted);
}

static void an_empty_table_holds_nothing(void **state)
{
	(void)state;
	struct addr addr = addr_number(1);
	struct address_table *table = table_new(seed, 0);
	assert_null(table_look(table, &addr));
	assert_null(table_find(table, &addr));
	assert_int_equal(table->count, 0);
	table_free(&table);
	assert_null(table);
	table_free(&table);
}

static void families_do_not_mix(void **state)
{
	(void)state;
	struct addr addrs[] = {{4, {10, 1, 2, 3}}, {6, {10, 1, 2, 3}}};
	struct address_table *table = table_new(seed, 0);
	for (size_t i = 0; i < 2; i++)
		table_put(&table, &addrs[i])->row = 7 + (uint32_t)i;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(table_look(table, &addrs[i])->row, 7 + i);
	table_free(&table);
}

/* 200,000 random changes against a plain array that knows what must be there. Small ranges, so that gaps are
 * filled, wrap round the end and meet each other. */
static void changes_like_a_plain_array(void **state)
{
	(void)state;
	enum { RANGE = 300, CHANGES = 200000 };
	unsigned held[RANGE] = {0}, random = 1, count = 0;
	struct address_table *table = table_new(seed, 0);
	for (unsigned i = 1; i <= CHANGES; i++) {
		random = random * 1664525u + 1013904223u;
		unsigned number = (random >> 8) % RANGE;
		struct addr addr = addr_number(number);
		/* Phases of growing and of shrinking. */
		bool put = (random >> 24) % 8 < (i / 20000 % 2 ? 2u : 6u);
		if (put) {
			struct address_entry *entry = table_put(&table, &addr);
			assert_non_null(entry);
			entry->mac = mac_number(i);
			count += !held[number];
			held[number] = i;
		} else if (held[number]) {
			struct address_entry *entry = table_find(table, &addr);
			assert_non_null(entry);
			table_remove(table, entry);
			count--;
			held[number] = 0;
		}
		assert_int_equal(table->count, count);
		if (i % 500)
			continue;
		for (unsigned j = 0; j < RANGE; j++) {
			struct addr other = addr_number(j);
			assert_int_equal(table_find(table, &other) != NULL, held[j] != 0);
			if (held[j])
				assert_true(has(table, j, held[j]));
		}
	}
	table_free(&table);
}

/* The loop of the watcher that forgets: whatever is removed on the way, the rest is looked at. */
static void removing_in_a_loop_misses_none(void **state)
{
	(void)state;
	for (unsigned count = 1; count < 200; count++) {
		struct address_table *table = table_new((struct hash_key){count}, 0);
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
		assert_int_equal(table->count, (count + 2) / 3);
		for (unsigned i = 0; i < count; i++) {
			struct addr addr = addr_number(i);
			assert_int_equal(table_find(table, &addr) != NULL, i % 3 == 0);
		}
		table_free(&table);
	}
}

/* Of each kind, with the same bytes. */
static struct addr key_number(unsigned number)
{
	static const uint8_t families[] = {4, 6, KEY_MAC, KEY_WORD};
	struct addr key = {.family = families[number % 4]};
	for (size_t i = 0; i < 4; i++)
		key.bytes[i] = (uint8_t)(number / 4 >> i * 8);
	return key;
}

/* Numbers beyond `count` are not there; more stand in one bucket than it has room for. */
static void an_index_finds_what_was_put(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 12000; count = count * 2 + 1) {
		struct key_counts counts = {0, 0, 0};
		for (unsigned i = 0; i < count; i++) {
			struct addr key = key_number(i);
			key_counts_add(&counts, &key);
		}
		struct key_index *index = key_index_new(seed, &counts);
		for (unsigned i = 0; i < count; i++) {
			struct addr addr = key_number(i);
			key_index_put(index, &addr, i * 7);
		}
		for (unsigned i = 0; i < count * 2 + 10; i++) {
			struct addr addr = key_number(i);
			size_t home = key_index_fetch(index, &addr);
			uint32_t wanted = i < count ? i * 7 : ROW_NONE;
			assert_int_equal(key_index_look(index, &addr), wanted);
			assert_int_equal(key_index_look_at(index, home, &addr), wanted);
		}
		const struct addr nobody = {0};
		assert_int_equal(key_index_look(index, &nobody), ROW_NONE);
		key_index_free(&index);
		assert_null(index);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_holds_nothing),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(changes_like_a_plain_array),
		cmocka_unit_test(removing_in_a_loop_misses_none),
		cmocka_unit_test(an_index_finds_what_was_put),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
