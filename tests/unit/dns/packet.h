/* Messages written down by hand, so that tests depend on nothing that they test. A message is text, its
 * parts divided by blanks:
 *     1234c00c            bytes in hex
 *     00*300              one byte, 300 times
 *     @www.example.com    a name in full, its letter case kept, "@." the root
 *     =www                one label without an end
 *     'text               the bytes of the word
 */
#ifndef TESTS_DNS_PACKET_H
#define TESTS_DNS_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dns.h"

struct packet {
	size_t length;
	uint8_t bytes[DNS_MESSAGE_MAX];
};

/* Fails the test when `text` is none, or the message grows over 65535 bytes. */
void packet_add(struct packet *packet, const char *text);

/* An answer's header and its question in class IN; the counts are set by packet_record. */
void packet_answer(struct packet *packet, unsigned flags, const char *name, unsigned type);

enum packet_section { SECTION_ANSWER = 6, SECTION_AUTHORITY = 8, SECTION_ADDITIONAL = 10 };

/* A record of class IN; `data` as for packet_add. Sections must be filled in their order. */
void packet_record(struct packet *packet, enum packet_section section, const char *owner,
                   unsigned type, uint32_t ttl, const char *data);

#endif
