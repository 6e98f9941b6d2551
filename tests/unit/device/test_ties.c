/* Unit tests of src/device: what leases do to the book. Addresses that the kernel does not know, made-up MACs that are one
 * device, those that are not, and files that are rewritten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/device/house.h"

#define PHONE "02:11:11:11:11:11"
#define PHONE_AGAIN "06:22:22:22:22:22"
#define VENDORS_OWN "24:0a:c4:00:00:07"

static void a_lease_names_an_address(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_leases(house, 0, "0 " VENDORS_OWN " 10.1.1.5 cam *\n");
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:" VENDORS_OWN);
	/* the kernel's word is stronger, and the lease counts again when it is gone */
	house_neighbour(house, "10.1.1.5", PHONE);
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:" PHONE);
	house_neighbour(house, "10.1.1.5", NULL);
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:" VENDORS_OWN);
	struct book_view view;
	assert_true(book_view(house->book, house_row(house, "mac:" VENDORS_OWN), &view));
	assert_string_equal(view.host, "cam");
	assert_int_equal(view.address_count, 1);
	/* and goes with its file */
	house_leases(house, 0, "");
	assert_string_equal(house_ask(house, "10.1.1.5"), "ip:10.1.1.5");
	house_free(&house);
}

static void two_files(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_leases(house, 0, "0 " VENDORS_OWN " 10.1.1.5 a *\n");
	house_leases(house, 1, "0 " PHONE " 10.1.1.6 b *\n");
	house_leases(house, 0, "0 " VENDORS_OWN " 10.1.1.7 a *\n");
	assert_string_equal(house_ask(house, "10.1.1.5"), "ip:10.1.1.5");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE);
	assert_string_equal(house_ask(house, "10.1.1.7"), "mac:" VENDORS_OWN);
	house_configure(house, "devices:\n- {name: cam, mac: " VENDORS_OWN "}\n");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE);
	assert_string_equal(house_asker(house, &(struct asker){.addr = house_addr("10.1.1.7")})->name,
	                    "cam");
	house_free(&house);
}

static void the_same_client_identifier(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_leases(house, 0, "0 " PHONE " 10.1.1.5 phone 01:aa:bb:cc\n");
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:" PHONE);
	assert_int_equal(book_tag(house->book, house_row(house, "mac:" PHONE), "guest", 1), PF_OK);
	house_neighbour(house, "10.1.1.6", PHONE_AGAIN);
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE_AGAIN);
	house_leases(house, 0,
	             "0 " PHONE " 10.1.1.5 phone 01:aa:bb:cc\n0 " PHONE_AGAIN
	             " 10.1.1.6 phone 01:aa:bb:cc\n");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE);
	assert_string_equal(house_change(house), "merged mac:" PHONE_AGAIN " into mac:" PHONE
	                                         ": its DHCP client identifier is the same");
	/* and its other addresses with it, over a reload too */
	house_neighbour(house, "fd00::6", PHONE_AGAIN);
	house_configure(house, "");
	assert_string_equal(house_ask(house, "fd00::6"), "mac:" PHONE);
	/* it gets another identifier: it was another device */
	house_leases(house, 0,
	             "0 " PHONE " 10.1.1.5 phone 01:aa:bb:cc\n0 " PHONE_AGAIN
	             " 10.1.1.6 phone 01:dd:ee:ff\n");
	assert_string_equal(house_change(house), "split mac:" PHONE " into mac:" PHONE_AGAIN
	                                         ": its DHCP client identifier is another one");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE_AGAIN);
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:" PHONE);
	house_free(&house);
}

static void the_same_host_name(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_neighbour(house, "10.1.1.5", PHONE);
	house_leases(house, 0, "0 " PHONE " 10.1.1.5 Annas-Phone *\n");
	/* two leases in force are two devices, whether the kernel has seen them or not */
	house_leases(house, 1,
	             "0 02:00:00:00:00:08 10.1.1.8 esp *\n0 02:00:00:00:00:09 10.1.1.9 esp *\n");
	assert_string_equal(house_ask(house, "10.1.1.9"), "mac:02:00:00:00:00:09");
	assert_string_equal(house_ask(house, "10.1.1.8"), "mac:02:00:00:00:00:08");
	/* while the first is here, the second is another one of this name */
	house_neighbour(house, "10.1.1.6", PHONE_AGAIN);
	house_leases(house, 0,
	             "0 " PHONE " 10.1.1.5 Annas-Phone *\n0 " PHONE_AGAIN " 10.1.1.6 annas-phone *\n");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE_AGAIN);
	assert_string_equal(house_change(house), "");
	/* it has left: it came back */
	house_neighbour(house, "10.1.1.5", NULL);
	house_leases(house, 0, "0 " PHONE_AGAIN " 10.1.1.6 annas-phone *\n");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE);
	assert_string_equal(house_change(house), "merged mac:" PHONE_AGAIN " into mac:" PHONE
	                                         ": its host name is annas-phone again");
	house_free(&house);
}

static void a_vendors_mac_is_never_tied(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_leases(house, 0, "0 " PHONE " 10.1.1.5 cam 01:aa:bb:cc\n");
	house_leases(house, 1, "0 " VENDORS_OWN " 10.1.1.6 cam 01:aa:bb:cc\n");
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" VENDORS_OWN);
	assert_string_equal(house_change(house), "");
	house_free(&house);
}

/* DHCPv6 knows no MAC, but the DUID that DHCPv4 has told too (RFC 4361), or one that is made of a MAC. */
static void version_6_joins_by_its_duid(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_leases(house, 0,
	             "0 " PHONE " 10.1.1.5 phone ff:00:00:00:07:00:04:99:88:77\n"
	             "0 " VENDORS_OWN " 10.1.1.6 cam *\nduid 00:01\n"
	             "0 7 fd00::5 phone 00:04:99:88:77\n"
	             "0 8 fd00::6 cam 00:03:00:01:" VENDORS_OWN "\n"
	             "0 9 fd00::9 other 00:04:11:11:11\n");
	assert_string_equal(house_ask(house, "fd00::5"), "mac:" PHONE);
	assert_string_equal(house_ask(house, "fd00::6"), "mac:" VENDORS_OWN);
	assert_string_equal(house_ask(house, "fd00::9"), "ip:fd00::9");
	house_free(&house);
}

/* A tag rule hears of the host name, and what was merged keeps its history. */
static void random_rewrites_keep_the_book_whole(void **state)
{
	(void)state;
	struct house *house = house_new("tag-rules:\n- {tag: a, hostname: \"h1*\"}\n", 0);
	unsigned random = 3;
	for (unsigned round = 0; round < 400; round++) {
		char text[4096] = "";
		for (unsigned i = 0; i < 12; i++) {
			random = random * 1664525u + 1013904223u;
			if (random >> 30 == 0)
				continue;
			sprintf(text + strlen(text), "0 02:00:00:00:00:%02x 10.1.1.%u h%u %s%u\n",
			        random >> 8 & 15, i, random >> 12 & 15, random >> 29 & 1 ? "01:0" : "*",
			        random >> 16 & 7);
		}
		house_leases(house, round % 2, text);
		char addr[ADDR_TEXT_MAX];
		snprintf(addr, sizeof addr, "10.1.1.%u", random >> 10 & 15);
		house_neighbour(house, addr, random >> 20 & 1 ? "02:00:00:00:00:03" : NULL);
		if (round % 50 == 49)
			house_configure(house, round % 100 == 99 ? "" : "new-for: 2h");
		while (*house_change(house))
			;
		size_t sum = 0;
		struct book_stats stats;
		for (size_t i = 0; i < book_rows(house->book); i++) {
			struct book_view view;
			sum += book_view(house->book, i, &view) ? view.address_count : 0;
		}
		book_stats(house->book, &stats);
		assert_int_equal(sum, stats.addresses);
	}
	house_free(&house);
}

/* ---- leases that the configuration names ------------------------------------------------- */

static void a_lease_of_the_configuration(void **state)
{
	(void)state;
	static const char yaml[] = "devices:\n- {name: tv, hostname: Living-TV}\n"
							   "- {name: watch, client-id: 01AABBCC}\n"
							   "- {name: cam, mac: " VENDORS_OWN "}\n";
	struct house *house = house_new(yaml, 0);
	/* whoever made the MAC */
	house_neighbour(house, "10.1.1.5", "24:0a:c4:00:00:08");
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:24:0a:c4:00:00:08");
	house_leases(house, 0,
	             "0 24:0a:c4:00:00:08 10.1.1.5 living-tv *\n0 " PHONE " 10.1.1.6 * 01:aa:bb:cc\n"
	             "0 " VENDORS_OWN " 10.1.1.7 living-tv *\n");
	assert_string_equal(house_ask(house, "10.1.1.5"), "name:tv");
	assert_string_equal(house_ask(house, "10.1.1.6"), "name:watch");
	assert_string_equal(house_ask(house, "10.1.1.7"), "mac:" VENDORS_OWN); /* its own name counts */
	assert_string_equal(house_change(house), "merged mac:24:0a:c4:00:00:08 into name:tv: the "
	                                         "configuration names its lease");
	/* another address of the same MAC, and a reload in between */
	house_configure(house, yaml);
	house_neighbour(house, "fd00::5", "24:0a:c4:00:00:08");
	assert_string_equal(house_ask(house, "fd00::5"), "name:tv");
	assert_string_equal(house_ask(house, "10.1.1.6"), "name:watch");
	/* the lease names another thing now, or is nobody's any more */
	while (*house_change(house))
		;
	house_leases(house, 0,
	             "0 24:0a:c4:00:00:08 10.1.1.5 printer *\n0 " PHONE " 10.1.1.6 living-tv *\n");
	assert_string_equal(house_ask(house, "10.1.1.5"), "mac:24:0a:c4:00:00:08");
	assert_string_equal(house_ask(house, "10.1.1.6"), "name:tv");
	assert_string_equal(house_change(house), "split name:tv into mac:24:0a:c4:00:00:08: its lease "
	                                         "names it otherwise");
	/* the configuration gives it up */
	house_configure(house, "devices:\n- {name: tv, ip: 10.9.9.9}\n");
	house_neighbour(house, "10.1.1.6", PHONE);
	assert_string_equal(house_ask(house, "10.1.1.6"), "mac:" PHONE);
	house_free(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lease_of_the_configuration),
		cmocka_unit_test(a_lease_names_an_address),
		cmocka_unit_test(two_files),
		cmocka_unit_test(the_same_client_identifier),
		cmocka_unit_test(the_same_host_name),
		cmocka_unit_test(a_vendors_mac_is_never_tied),
		cmocka_unit_test(version_6_joins_by_its_duid),
		cmocka_unit_test(random_rewrites_keep_the_book_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
