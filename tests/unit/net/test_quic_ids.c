/* Which connection of QUIC an id leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/quic_ids.h"

static void test_ids(void **state)
{
	(void)state;
	static struct quic_ids ids;
	struct quic_connection *one = (void *)&ids, *two = (void *)state;
	struct quic_id *of_one = NULL, *of_two = NULL;
	ids.key = hash_key_random();
	for (uint8_t i = 0; i < 100; i++) {
		assert_true(quic_id_add(&ids, one, &of_one, (const uint8_t[]){i, 1}, 2));
		assert_true(quic_id_add(&ids, two, &of_two, (const uint8_t[]){i, 1, 1}, 3));
		assert_false(quic_id_add(&ids, two, &of_two, (const uint8_t[]){i, 1}, 2));
	}
	assert_false(quic_id_add(&ids, two, &of_two, (const uint8_t[21]){0}, 21));
	assert_ptr_equal(quic_id_find(&ids, (const uint8_t[]){7, 1}, 2)->connection, one);
	assert_ptr_equal(quic_id_find(&ids, (const uint8_t[]){7, 1, 1}, 3)->connection, two);
	quic_id_retire(&ids, &of_one, (const uint8_t[]){7, 1}, 2);
	quic_id_retire(&ids, &of_one, (const uint8_t[]){7, 1}, 2);
	assert_null(quic_id_find(&ids, (const uint8_t[]){7, 1}, 2));
	assert_ptr_equal(quic_id_find(&ids, (const uint8_t[]){8, 1}, 2)->connection, one);
	quic_ids_forget(&ids, &of_one);
	assert_null(of_one);
	assert_null(quic_id_find(&ids, (const uint8_t[]){8, 1}, 2));
	assert_ptr_equal(quic_id_find(&ids, (const uint8_t[]){8, 1, 1}, 3)->connection, two);
	quic_ids_forget(&ids, &of_two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
