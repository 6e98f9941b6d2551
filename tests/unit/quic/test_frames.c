/* What libngtcp2 would not bear is taken out of packets, and nothing else is changed. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quic/frames.h"

#define TOKEN "0123456789abcdef"
#define ID(number, prior_to) "\x18" number prior_to "\x04idid" TOKEN
#define NOTHING_OF_ID "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

#define CASE(from, to)                                 \
	{                                                  \
		(from), (to), sizeof(from) - 1, sizeof(to) - 1 \
	}

static const struct {
	const char *from, *to;
	size_t length, to_length;
} cases[] = {
	/* each kind of frame is passed over as it is, and what stands behind it is found */
	CASE("\x01\0\0" ID("\x10", "\0"), "\x01\0\0" NOTHING_OF_ID),
	CASE("\x02\x05\0\0\0" ID("\x10", "\0"), "\x02\x05\0\0\0" NOTHING_OF_ID),
	CASE("\x03\x05\0\2\0\1\1\1\1\7\7\7" ID("\x10", "\0"),
         "\x03\x05\0\2\0\1\1\1\1\7\7\7" NOTHING_OF_ID),
	CASE("\4\1\1\1\5\1\1\6\1\2ab\7\1t" ID("\0", "\0"), "\4\1\1\1\5\1\1\6\1\2ab\7\1t" NOTHING_OF_ID),
	CASE("\x0a\0\2ab\x0e\0\1\2ab\x10\1\x11\1\1" ID("\0", "\0"),
         "\x0a\0\2ab\x0e\0\1\2ab\x10\1\x11\1\1" NOTHING_OF_ID),
	CASE("\x12\1\x13\1\x14\1\x15\1\1\x16\1\x17\1\x19\1" ID("\0", "\0"),
         "\x12\1\x13\1\x14\1\x15\1\1\x16\1\x17\1\x19\1" NOTHING_OF_ID),
	CASE("\x1a"
         "12345678\x1b"
         "12345678" ID("\0", "\0"),
         "\x1a"
         "12345678\x1b"
         "12345678" NOTHING_OF_ID),
	CASE("\x1c\1\1\1a\x1d\1\1a\x1e\x31\1a" ID("\0", "\0"),
         "\x1c\1\1\1a\x1d\1\1a\x1e\x31\1a" NOTHING_OF_ID),
	/* the rest of the packet is data */
	CASE("\x08\0" ID("\x10", "\0"), "\x08\0" ID("\x10", "\0")),
	CASE("\x0c\0\1" ID("\x10", "\0"), "\x0c\0\1" ID("\x10", "\0")),
	CASE("\x30" ID("\x10", "\0"), "\x30" ID("\x10", "\0")),
	/* ids: the numbers that may be; no more than the first may be retired, in whatever width that is written */
	CASE(ID("\1", "\0") ID("\x0f", "\1"), ID("\1", "\0") ID("\x0f", "\1")),
	CASE(ID("\7", "\7"), ID("\7", "\1")),
	CASE(ID("\7", "\x40\7"), ID("\7", "\x40\1")),
	CASE(ID("\x40\7", "\x80\0\1\0"), ID("\x40\7", "\x80\0\0\1")),
	CASE(ID("\7", "\xc0\0\0\0\0\0\0\2"), ID("\7", "\xc0\0\0\0\0\0\0\1")),
	CASE(ID("\x80\0\0\0", "\0"), NOTHING_OF_ID "\0\0\0"),
	/* what can not be read becomes a frame that is none */
	CASE("\1\x1f\1\1\1o", "\1\x1f\1\1\1o"), /* as libngtcp2 has it: a stream */
	CASE("\1\x32", "\1\x20"),
	CASE("\1\x20\1", "\1\x20\1"),
	CASE("\1\x06\1\5abc", "\1\x20\1\5abc"),
	CASE("\1\x10", "\1\x20"),
	CASE("\1\x10\x40", "\1\x20\x40"),
	CASE("\1\x02\x05\0\x3f\0\1\1", "\1\x20\x05\0\x3f\0\1\1"),
	CASE("\1\x18\7\0\x04idid0123456789abcde", "\1\x20\7\0\x04idid0123456789abcde"),
	CASE("\1\x18\7\0", "\1\x20\7\0"),
};

static void test_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t bytes[256];
		assert_int_equal(cases[i].length, cases[i].to_length);
		memcpy(bytes, cases[i].from, cases[i].length);
		quic_frames_tame(bytes, cases[i].length, 1);
		if (memcmp(bytes, cases[i].to, cases[i].length))
			print_message("case %zu\n", i);
		assert_memory_equal(bytes, cases[i].to, cases[i].length);
	}
	uint8_t none[] = ID("\7", "\1");
	quic_frames_tame(none, sizeof none - 1, 0);
	assert_memory_equal(none, ID("\7", "\0"), sizeof none - 1);
	quic_frames_tame(NULL, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
