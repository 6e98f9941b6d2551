/* The packets of fixture.h. */
#include "unit/capture/fixture.h"

#include "dns/dns.h"
#include "dns/name.h"

static void take(void *data, const struct capture_message *message, bool is_answer)
{
	struct stage *stage = data;
	assert_true(stage->count < TAKEN_MAX);
	struct taken *taken = &stage->taken[stage->count++];
	taken->message = *message;
	taken->is_answer = is_answer;
	addr_port_format(&message->client, taken->client);
	addr_port_format(&message->server, taken->server);
	assert_true(message->length <= sizeof taken->bytes);
	taken->length = message->length;
	memcpy(taken->bytes, message->bytes, message->length);
}

void stage_begin(struct stage *stage)
{
	memset(stage, 0, sizeof *stage);
	stage->step_us = 1000;
	stage->packets = packets_new(&(struct capture_sink){take, stage, &stage->counts});
	assert_non_null(stage->packets);
}

void stage_end(struct stage *stage)
{
	packets_end(stage->packets);
	packets_free(&stage->packets);
}

void stage_frame(struct stage *stage, int link, const uint8_t *bytes, size_t length, size_t missing)
{
	/* Memory of its own, so that a byte behind the end is noticed. */
	uint8_t *copy = test_malloc(length ? length : 1);
	memcpy(copy, bytes, length);
	stage->wall_us += stage->step_us;
	const struct packets_frame frame = {link, stage->wall_us, copy, length, length + missing};
	assert_int_equal(packets_take(stage->packets, &frame), PF_OK);
	test_free(copy);
}

uint64_t stage_damage(const struct stage *stage)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < DAMAGE_COUNT; i++)
		sum += stage->counts.damaged[i];
	return sum;
}

size_t put_message(uint8_t *out, uint16_t id, bool is_answer, const char *name)
{
	struct dns_name wire;
	assert_int_equal(dns_name_from_text(name, &wire), PF_OK);
	memset(out, 0, DNS_HEADER_BYTES);
	dns_write16(out, id);
	dns_write16(out + 2, is_answer ? 0x8180 : 0x0100);
	dns_write16(out + 4, 1);
	memcpy(out + DNS_HEADER_BYTES, wire.wire, wire.length);
	dns_write32(out + DNS_HEADER_BYTES + wire.length, DNS_TYPE_A << 16 | DNS_CLASS_IN);
	return DNS_HEADER_BYTES + wire.length + 4u;
}

size_t put_udp(uint8_t *out, uint16_t from, uint16_t to, const uint8_t *payload, size_t length)
{
	dns_write16(out, from);
	dns_write16(out + 2, to);
	dns_write16(out + 4, (uint16_t)(8 + length));
	dns_write16(out + 6, 0);
	memmove(out + 8, payload, length);
	return 8 + length;
}

size_t put_tcp(uint8_t *out, uint16_t from, uint16_t to, uint32_t sequence, unsigned flags,
               const uint8_t *payload, size_t length)
{
	memset(out, 0, 20);
	dns_write16(out, from);
	dns_write16(out + 2, to);
	dns_write32(out + 4, sequence);
	out[12] = 5 << 4;
	out[13] = (uint8_t)flags;
	if (length) /* NULL then */
		memmove(out + 20, payload, length);
	return 20 + length;
}

size_t put_ipv4(uint8_t *out, const char *from, const char *to, unsigned protocol, uint16_t id,
                uint16_t where, const uint8_t *payload, size_t length)
{
	struct addr source, target;
	assert_int_equal(addr_parse(from, &source), PF_OK);
	assert_int_equal(addr_parse(to, &target), PF_OK);
	memset(out, 0, 20);
	out[0] = 0x45;
	dns_write16(out + 2, (uint16_t)(20 + length));
	dns_write16(out + 4, id);
	dns_write16(out + 6, where);
	out[8] = 64;
	out[9] = (uint8_t)protocol;
	memcpy(out + 12, source.bytes, 4);
	memcpy(out + 16, target.bytes, 4);
	memmove(out + 20, payload, length);
	return 20 + length;
}

size_t put_ipv6(uint8_t *out, const char *from, const char *to, unsigned next,
                const uint8_t *payload, size_t length)
{
	struct addr source, target;
	assert_int_equal(addr_parse(from, &source), PF_OK);
	assert_int_equal(addr_parse(to, &target), PF_OK);
	memset(out, 0, 40);
	out[0] = 0x60;
	dns_write16(out + 4, (uint16_t)length);
	out[6] = (uint8_t)next;
	out[7] = 64;
	memcpy(out + 8, source.bytes, 16);
	memcpy(out + 24, target.bytes, 16);
	memmove(out + 40, payload, length);
	return 40 + length;
}

size_t put_ethernet(uint8_t *out, uint16_t type, const uint8_t *payload, size_t length)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	memcpy(out, macs, sizeof macs);
	dns_write16(out + 12, type);
	memmove(out + 14, payload, length);
	return 14 + length;
}
