/* Packets as they stand on a wire, for the tests of src/capture, and who takes the messages. */
#ifndef PF_TESTS_CAPTURE_FIXTURE_H
#define PF_TESTS_CAPTURE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/packets.h"

#define TAKEN_MAX 64

struct taken {
	struct capture_message message; /* without its bytes */
	bool is_answer;
	char client[ADDR_PORT_TEXT_MAX], server[ADDR_PORT_TEXT_MAX];
	size_t length;
	uint8_t bytes[2048];
};

struct stage {
	struct capture_counts counts;
	struct packets *packets;
	int64_t wall_us, step_us; /* the clock, and how far it goes with each frame */
	size_t count;
	struct taken taken[TAKEN_MAX];
};

void stage_begin(struct stage *stage);
/* What waits for more is counted; then all is freed. */
void stage_end(struct stage *stage);
/* A frame of this link; `missing`: bytes that were on the wire and not captured. */
void stage_frame(struct stage *stage, int link, const uint8_t *bytes, size_t length,
                 size_t missing);
/* All damage that was counted. */
uint64_t stage_damage(const struct stage *stage);

/* All build at `out` and return the length. */
size_t put_message(uint8_t *out, uint16_t id, bool is_answer, const char *name);
size_t put_udp(uint8_t *out, uint16_t from, uint16_t to, const uint8_t *payload, size_t length);
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
size_t put_tcp(uint8_t *out, uint16_t from, uint16_t to, uint32_t sequence, unsigned flags,
               const uint8_t *payload, size_t length);
/* `where`: the flags and the offset, as they stand in the header. */
size_t put_ipv4(uint8_t *out, const char *from, const char *to, unsigned protocol, uint16_t id,
                uint16_t where, const uint8_t *payload, size_t length);
size_t put_ipv6(uint8_t *out, const char *from, const char *to, unsigned next,
                const uint8_t *payload, size_t length);
/* From 02:00:00:00:00:01 to :02. */
size_t put_ethernet(uint8_t *out, uint16_t type, const uint8_t *payload, size_t length);

#endif
