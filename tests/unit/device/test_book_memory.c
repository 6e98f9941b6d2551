/* The book, leases and vendors without memory: each allocation fails in turn; nothing leaks, and what was there before stays. The
 * linker puts these in the place of the C library's (see Makefile.inc). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/device/house.h"

#define COFFEE "64:bc:0c:80:7e:1f"
#define TRIES_MAX 2000 /* allocations of one call: fewer, or the test would not end */

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

static unsigned calls, fails_at; /* 0: never */

static bool fails(void)
{
	if (++calls != fails_at)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

static void fail_at(unsigned number)
{
	calls = 0;
	fails_at = number;
}

/* Did the call that is under test meet the failure? Then it is to be tried with the next one. */
static bool met(unsigned number)
{
	bool met = calls >= number;
	fail_at(0);
	assert_true(number < TRIES_MAX);
	return met;
}

static const char yaml[] = "devices:\n- {name: coffee, mac: " COFFEE ", tags: coffee}\n"
						   "- {name: tv, hostname: tv}\n- {name: net, ip: 10.9.0.0/16}\n";

static struct house *full_house(void)
{
	struct house *house = house_new(yaml, 0);
	house_neighbour(house, "10.0.0.1", COFFEE);
	house_neighbour(house, "fd00::1", COFFEE);
	house_ask(house, "10.0.0.2");
	house_leases(house, 0, "0 02:11:11:11:11:11 10.0.0.3 phone 01:aa:bb\n");
	assert_int_equal(book_tag(house->book, house_row(house, "ip:10.0.0.2"), "guest", 1), PF_OK);
	house_publish(house);
	return house;
}

static void assert_full(struct house *house)
{
	assert_string_equal(house_ask(house, "10.0.0.1"), "mac:" COFFEE);
	assert_string_equal(house_ask(house, "fd00::1"), "mac:" COFFEE);
	assert_string_equal(house_ask(house, "10.0.0.2"), "ip:10.0.0.2");
	assert_string_equal(house_ask(house, "10.0.0.3"), "mac:02:11:11:11:11:11");
	struct book_view view;
	assert_true(book_view(house->book, house_row(house, "ip:10.0.0.2"), &view));
	assert_int_equal(view.tag_count, 1);
	assert_true(view.device->known);
}

static void no_book(void **state)
{
	(void)state;
	struct hash_key key = {1};
	for (unsigned i = 1;; i++) {
		fail_at(i);
		struct book *book = book_new(key, 100);
		bool failed = met(i);
		assert_int_equal(book == NULL, failed);
		book_free(&book);
		if (!failed)
			return;
	}
}

static void no_roster(void **state)
{
	(void)state;
	struct house *house = full_house();
	for (unsigned i = 1;; i++) {
		fail_at(i);
		struct roster *roster = book_roster(house->book);
		bool failed = met(i);
		assert_int_equal(roster == NULL, failed);
		roster_free(&roster);
		if (!failed)
			break;
	}
	house_free(&house);
}

/* A reload without memory: the old one stays in force, with all that it knows. */
static void a_reload_fails_and_all_stays(void **state)
{
	(void)state;
	struct house *house = full_house();
	for (unsigned i = 1;; i++) {
		struct roster *roster = (void *)house;
		fail_at(i);
		int result =
			book_adopt(house->book, house->config, house->registry, NULL, house->now, &roster);
		if (!met(i)) {
			assert_int_equal(result, PF_OK);
			roster_free(&house->roster);
			house->roster = roster;
			break;
		}
		/* some do without: an address that finds no room is one that nobody knows */
		if (result == PF_OK)
			roster_free(&roster);
		else
			assert_null(roster);
		if (result == PF_ENOMEM)
			assert_full(house);
	}
	house_free(&house);
}

static void leases_fail_and_the_old_ones_stay(void **state)
{
	(void)state;
	static const char text[] = "0 02:11:11:11:11:11 10.0.0.3 phone 01:aa:bb\n"
							   "0 02:22:22:22:22:22 10.0.0.4 tv 01:aa:cc\n";
	struct house *house = full_house();
	for (unsigned i = 1;; i++) {
		struct lease_list list;
		fail_at(i);
		int result = lease_parse(LEASE_DNSMASQ, text, strlen(text), house->now.wall_us, &list);
		if (result == PF_OK)
			result = book_leases(house->book, 0, &list, house->now);
		bool failed = met(i);
		if (result == PF_OK || list.leases)
			lease_list_deinit(&list);
		assert_string_equal(house_ask(house, "10.0.0.1"), "mac:" COFFEE);
		assert_string_equal(house_ask(house, "10.0.0.3"), "mac:02:11:11:11:11:11");
		if (!failed)
			break;
	}
	assert_string_equal(house_ask(house, "10.0.0.4"), "name:tv");
	house_free(&house);
}

/* Neighbours, sightings, tags: what finds no room is lost for now, and nothing else. */
static void what_comes_without_memory(void **state)
{
	(void)state;
	for (unsigned i = 1;; i++) {
		struct house *house = full_house();
		struct asker asker = {.addr = house_addr("10.0.0.7"), .name = "tv-3"};
		struct addr addr = house_addr("10.0.0.8");
		struct mac mac = house_mac("24:0a:c4:00:00:07");
		fail_at(i);
		book_neighbour(house->book, &addr, &mac, house->now);
		book_sighting(house->book, &asker, house->now.wall_us);
		(void)!book_find(house->book, "10.0.0.9", house->now);
		(void)!book_tag(house->book, 0, "vip", 1);
		(void)book_name(house->book, &addr, "cam.lan");
		bool failed = met(i);
		assert_full(house);
		house_free(&house);
		if (!failed)
			return;
	}
}

static void no_vendors(void **state)
{
	(void)state;
	char folder[] = "/tmp/pf-vendors-XXXXXX", path[64];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/oui.csv", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (unsigned i = 0; i < 3000; i++)
		fprintf(file, "MA-L,%06X,\"Vendor, %u\",Somewhere\r\n", i * 4, i);
	fclose(file);
	for (unsigned i = 1;; i++) {
		struct diag diag;
		struct vendors *vendors = (void *)folder;
		diag_init(&diag);
		fail_at(i);
		int result = vendors_load(folder, &diag, &vendors);
		bool failed = met(i);
		assert_int_equal(result, failed ? PF_ENOMEM : PF_OK);
		assert_int_equal(vendors_count(vendors), failed ? 0 : 3000);
		vendors_free(&vendors);
		diag_deinit(&diag);
		if (!failed)
			break;
	}
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_book),
		cmocka_unit_test(no_roster),
		cmocka_unit_test(a_reload_fails_and_all_stays),
		cmocka_unit_test(leases_fail_and_the_old_ones_stay),
		cmocka_unit_test(what_comes_without_memory),
		cmocka_unit_test(no_vendors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
