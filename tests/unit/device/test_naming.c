/* Unit tests of src/device: names that the reverse zone gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/device/house.h"

#define CAMERA "24:0a:c4:00:00:07"

static size_t unnamed(struct house *house, size_t max)
{
	struct addr addrs[64];
	return book_unnamed(house->book, house->now.wall_us, addrs, max);
}

static bool name(struct house *house, const char *addr_text, const char *text)
{
	struct addr addr = house_addr(addr_text);
	return book_name(house->book, &addr, text);
}

static const char *host_of(struct house *house, const char *id)
{
	static struct book_view view;
	assert_true(book_view(house->book, house_row(house, id), &view));
	return view.host;
}

static void each_address_is_asked_for_once_an_hour(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	house_neighbour(house, "10.0.0.1", CAMERA);
	house_neighbour(house, "fd00::1", CAMERA);
	house_ask(house, "10.0.0.2");
	assert_int_equal(unnamed(house, 2), 2);
	assert_int_equal(unnamed(house, 64), 1);
	assert_int_equal(unnamed(house, 64), 0);
	house->now.wall_us += HOUSE_HOUR_US - HOUSE_SECOND_US;
	assert_int_equal(unnamed(house, 64), 0);
	house->now.wall_us += HOUSE_SECOND_US;
	assert_int_equal(unnamed(house, 64), 3);
	/* whom a lease names needs no other name */
	house_leases(house, 0, "0 " CAMERA " 10.0.0.1 cam *\n");
	house->now.wall_us += HOUSE_HOUR_US;
	assert_int_equal(unnamed(house, 64), 1);
	house_free(&house);
}

static void a_lease_says_more(void **state)
{
	(void)state;
	struct house *house = house_new("tag-rules:\n- {tag: iot, hostname: 'shelly*'}\n", 0);
	house_neighbour(house, "10.0.0.1", CAMERA);
	assert_true(name(house, "10.0.0.1", "shelly-1.lan"));
	assert_false(name(house, "10.0.0.1", "shelly-1.lan"));
	assert_string_equal(host_of(house, "mac:" CAMERA), "shelly-1");
	assert_string_equal(house_tags(house, "10.0.0.1"), "all unknown new iot");
	house_configure(house, "");
	assert_true(name(house, "10.0.0.1", "shelly-2"));
	house_leases(house, 0, "0 " CAMERA " 10.0.0.1 cam *\n");
	assert_string_equal(host_of(house, "mac:" CAMERA), "cam");
	assert_false(name(house, "10.0.0.1", "shelly-3"));
	assert_string_equal(host_of(house, "mac:" CAMERA), "cam");
	/* what is no host name, and who is not here */
	house_ask(house, "10.0.0.2");
	assert_false(name(house, "10.0.0.2", "a\\000b.lan"));
	assert_false(name(house, "10.0.0.2", ""));
	assert_false(name(house, "10.0.0.3", "x"));
	house_free(&house);
}

/* Each call looks at a part; all come to their turn. */
static void a_campus_is_walked_through(void **state)
{
	(void)state;
	struct house *house = house_new("", 0);
	for (unsigned i = 0; i < 3000; i++) {
		char text[32];
		snprintf(text, sizeof text, "10.1.%u.%u", i >> 8, i & 0xff);
		house_neighbour(house, text, CAMERA);
	}
	size_t count = 0, calls = 0;
	for (; count < 3000 && calls < 1000; calls++)
		count += unnamed(house, 64);
	assert_int_equal(count, 3000);
	assert_true(calls >= 3000 / 64);
	house_free(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_is_asked_for_once_an_hour),
		cmocka_unit_test(a_lease_says_more),
		cmocka_unit_test(a_campus_is_walked_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
