/* Unit tests of src/dns: what a PTR answer points to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dns/pointer.h"
#include "unit/dns/fixture.h"

#define FLAGS 0x8180
#define ASKED "9.1.168.192.in-addr.arpa"

static void assert_pointer(const struct packet *packet, const char *wanted)
{
	struct dns_query query = query_for(ASKED, DNS_TYPE_PTR, false);
	struct answer *answer;
	struct dns_name target;
	char text[NAME_TEXT_MAX];
	assert_int_equal(answer_from_packet(packet, &query, &answer), PF_OK);
	assert_int_equal(answer_pointer(answer, &target), wanted ? PF_OK : PF_ENOENT);
	if (wanted) {
		dns_name_to_text(&target, text);
		assert_string_equal(text, wanted);
	}
	answer_free(&answer);
}

static void the_first_one_counts(void **state)
{
	(void)state;
	struct packet packet = {0};
	packet_answer(&packet, FLAGS, ASKED, DNS_TYPE_PTR);
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_PTR, 60, "@TV.lan");
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_PTR, 60, "@other.lan");
	assert_pointer(&packet, "tv.lan");
}

/* RFC 2317 */
static void behind_a_cname(void **state)
{
	(void)state;
	struct packet packet = {0};
	packet_answer(&packet, FLAGS, ASKED, DNS_TYPE_PTR);
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_CNAME, 60, "@9.house.example");
	packet_record(&packet, SECTION_ANSWER, "@9.house.example", DNS_TYPE_PTR, 60, "@tv.lan");
	assert_pointer(&packet, "tv.lan");
}

static void there_is_none(void **state)
{
	(void)state;
	struct packet packet = {0};
	packet_answer(&packet, FLAGS | 3, ASKED, DNS_TYPE_PTR);
	assert_pointer(&packet, NULL);
	memset(&packet, 0, sizeof packet);
	packet_answer(&packet, FLAGS, ASKED, DNS_TYPE_PTR);
	packet_record(&packet, SECTION_ANSWER, "c00c", DNS_TYPE_CNAME, 60, "@9.house.example");
	assert_pointer(&packet, NULL);
	struct answer empty = {0};
	struct dns_name target;
	assert_int_equal(answer_pointer(&empty, &target), PF_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_one_counts),
		cmocka_unit_test(behind_a_cname),
		cmocka_unit_test(there_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
