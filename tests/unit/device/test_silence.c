/* Unit tests of src/device: known devices that fall silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "unit/device/house.h"

#define CONFIG                                                     \
	"silent-after: 2h\ndevices:\n- {name: coffee, ip: 10.0.0.1}\n" \
	"- {name: tv, ip: 10.0.0.2, silent-after: off}\n"              \
	"- {name: pump, ip: 10.0.0.3, silent-after: 10m}\n"            \
	"- {name: never asked, ip: 10.0.0.4}\n"

static void pass(struct house *house, int64_t seconds)
{
	house->now.wall_us += seconds * HOUSE_SECOND_US;
	house->now.mono_us += seconds * HOUSE_SECOND_US;
}

/* The names of those that are told now, divided by blanks. */
static const char *told(struct house *house)
{
	static char names[256];
	int64_t since_us;
	int row = -1;
	names[0] = '\0';
	while ((row = book_silent(house->book, (size_t)(row + 1), house->now.wall_us, &since_us)) >=
	       0) {
		struct book_view view;
		assert_true(book_view(house->book, (size_t)row, &view));
		assert_int_equal(since_us, view.asked_wall_us);
		strcat(names, names[0] ? " " : "");
		strcat(names, view.device->name);
	}
	return names;
}

static void ask_all(struct house *house)
{
	static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9"};
	for (size_t i = 0; i < PF_COUNT(addresses); i++) {
		house_ask(house, addresses[i]);
		house_publish(house);
		house_ask(house, addresses[i]);
	}
}

static void each_silence_is_told_once(void **state)
{
	(void)state;
	struct house *house = house_new(CONFIG, 0);
	ask_all(house);
	assert_string_equal(told(house), "");
	pass(house, 599);
	assert_string_equal(told(house), "");
	pass(house, 1);
	assert_string_equal(told(house), "pump");
	pass(house, 7000);
	assert_string_equal(told(house), "coffee"); /* nobody knows 10.0.0.9, and the tv may sleep */
	pass(house, 86400 * 30);
	assert_string_equal(told(house), "");
	house_ask(house, "10.0.0.3");
	pass(house, 601);
	assert_string_equal(told(house), "pump");
	/* whom somebody tags is known, and its silence counts from when it asked */
	assert_int_equal(book_tag(house->book, house_row(house, "ip:10.0.0.9"), "guest", 1), PF_OK);
	assert_string_equal(told(house), "ip:10.0.0.9" + 3);
	house_free(&house);
}

static void nobody_listened(void **state)
{
	(void)state;
	struct house *house = house_new(CONFIG, 0);
	ask_all(house);
	pass(house, 300);
	pass(house, 86400); /* a night of a laptop */
	book_deaf(house->book, 86400 * HOUSE_SECOND_US);
	assert_string_equal(told(house), "");
	pass(house, 299);
	assert_string_equal(told(house), "");
	pass(house, 1);
	assert_string_equal(told(house), "pump");
	/* a clock that is set back does not wait for a year to come by again */
	house_ask(house, "10.0.0.3");
	house->now.wall_us -= 365 * 86400 * HOUSE_SECOND_US;
	book_deaf(house->book, -365 * 86400 * HOUSE_SECOND_US);
	house_ask(house, "10.0.0.3");
	pass(house, 600);
	assert_string_equal(told(house), "pump");
	house_free(&house);
}

static void it_is_remembered(void **state)
{
	(void)state;
	struct house *house = house_new(CONFIG, 0);
	struct book_memory memory = {.id = "name:pump"};
	struct book_view view;
	size_t row;
	ask_all(house);
	pass(house, 600);
	assert_string_equal(told(house), "pump");
	assert_true(book_view(house->book, house_row(house, "name:pump"), &view));
	memory.asked_wall_us = view.asked_wall_us;
	memory.quiet_from_wall_us = view.quiet_from_wall_us;
	memory.silent_told_wall_us = view.silent_told_wall_us;
	house_configure(house, CONFIG); /* a reload */
	assert_string_equal(told(house), "");
	struct now now = house->now;
	house_free(&house);
	house = house_new(CONFIG, 0); /* a restart */
	house->now = now;
	assert_int_equal(book_remember(house->book, &memory, &row), PF_OK);
	assert_string_equal(told(house), "");
	pass(house, 86400);
	assert_string_equal(told(house), "");
	memory.silent_told_wall_us = 0;
	assert_int_equal(book_remember(house->book, &memory, &row), PF_OK);
	assert_string_equal(told(house), "pump");
	/* without the key nobody is told */
	house_configure(house, "devices:\n- {name: pump, ip: 10.0.0.3}\n");
	house_ask(house, "10.0.0.3");
	pass(house, 86400 * 365);
	assert_string_equal(told(house), "");
	house_free(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_silence_is_told_once),
		cmocka_unit_test(nobody_listened),
		cmocka_unit_test(it_is_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
