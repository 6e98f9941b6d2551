/* Unit tests of src/dns: what a forwarder says of its client, option by option, and what says nothing. The strings are EDNS
 * options in hex, as they stand in an OPT record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dns/client.h"
#include "unit/dns/packet.h"

#define MAC "fde9 0006 64bc0c807e1f " /* 65001 */
#define OTHER_MAC "fde9 0006 240ac4000007 "
#define TEXT "fe31 " /* 65073, then length and bytes */
#define SUBNET "0008 "

static const struct {
	const char *what, *options, *wanted; /* "mac text subnet", each "-" when there is none */
} cases[] = {
	{"nothing", "", "- - -"},
	{"other options", "000a 0008 0102030405060708 000c 0000", "- - -"},
	{"a MAC", MAC, "64:bc:0c:80:7e:1f - -"},
	{"behind others", "000a 0008 0102030405060708 " MAC, "64:bc:0c:80:7e:1f - -"},
	{"two MACs", MAC OTHER_MAC, "- - -"},
	{"the same MAC twice", MAC MAC, "- - -"},
	{"a MAC of five bytes", "fde9 0005 64bc0c807e", "- - -"},
	{"a MAC of seven bytes", "fde9 0007 64bc0c807e1f00", "- - -"},
	{"a MAC of a group", "fde9 0006 01005e000001", "- - -"},
	{"no MAC at all", "fde9 0006 000000000000", "- - -"},
	{"text", TEXT "0004 'tv-3", "- tv-3 -"},
	{"a MAC as text", TEXT "0011 '24:0a:c4:00:00:07", "24:0a:c4:00:00:07 - -"},
	{"a MAC in base64", TEXT "0008 'ZLwMgH4f", "64:bc:0c:80:7e:1f - -"},
	{"a group's MAC as text", TEXT "0011 'ff:ff:ff:ff:ff:ff", "- - -"},
	{"bytes are stronger than text", MAC TEXT "0011 '24:0a:c4:00:00:07", "64:bc:0c:80:7e:1f - -"},
	{"a MAC and a word", TEXT "0004 'tv-3 " MAC, "64:bc:0c:80:7e:1f tv-3 -"},
	{"no text", TEXT "0000", "- - -"},
	{"two texts", TEXT "0004 'tv-3 " TEXT "0004 'tv-4", "- - -"},
	{"text with a control byte", TEXT "0003 61 0a 62", "- - -"},
	{"text with a NUL", TEXT "0003 61 00 62", "- - -"},
	{"text that is no ASCII", TEXT "0002 c3a9", "- - -"},
	{"markup", TEXT "0003 '<b>", "- - -"},
	{"text of 63 bytes", TEXT "003f 61*63",
     "- aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa -"},
	{"text of 64 bytes", TEXT "0040 61*64", "- - -"},
	{"IPv4", SUBNET "0008 0001 20 00 0a090909", "- - 10.9.9.9/32"},
	{"an IPv4 network", SUBNET "0007 0001 18 00 0a0909", "- - 10.9.9.0/24"},
	{"a network of 20 bits", SUBNET "0007 0001 14 00 0a0910", "- - 10.9.16.0/20"},
	{"IPv6", SUBNET "0014 0002 80 00 fd 00*14 07", "- - fd00::7/128"},
	{"a family of none", SUBNET "0008 0003 20 00 0a090909", "- - -"},
	{"length 0 says nothing", SUBNET "0004 0001 00 00", "- - -"},
	{"33 bits", SUBNET "0009 0001 21 00 0a09090900", "- - -"},
	{"a scope in a query", SUBNET "0008 0001 20 18 0a090909", "- - -"},
	{"too few bytes", SUBNET "0007 0001 20 00 0a0909", "- - -"},
	{"too many bytes", SUBNET "0008 0001 18 00 0a090900", "- - -"},
	{"bits behind the prefix", SUBNET "0007 0001 14 00 0a0911", "- - -"},
	{"shorter than its head", SUBNET "0003 0001 20", "- - -"},
	{"two subnets", SUBNET "0008 0001 20 00 0a090909 " SUBNET "0008 0001 20 00 0a090909", "- - -"},
	{"all three", SUBNET "0008 0001 20 00 0a090909 " TEXT "0002 'tv " MAC,
     "64:bc:0c:80:7e:1f tv 10.9.9.9/32"},
};

static void each_says_what_it_says(void **state)
{
	(void)state;
	static struct packet packet;
	for (size_t i = 0; i < PF_COUNT(cases); i++) {
		struct dns_client client;
		char mac[MAC_TEXT_MAX] = "-", subnet[PREFIX_TEXT_MAX] = "-", text[256];
		packet.length = 0;
		packet_add(&packet, "00*12 "); /* so that no option stands at 0 */
		if (cases[i].options[0])
			packet_add(&packet, cases[i].options);
		struct dns_edns edns = {.present = true,
		                        .options_at = 12,
		                        .options_length = (uint16_t)(packet.length - 12)};
		memset(&client, 0xee, sizeof client);
		dns_client_read(packet.bytes, &edns, &client);
		if (client.has_mac)
			mac_format(&client.mac, mac);
		if (client.has_subnet)
			prefix_format(&client.subnet, subnet);
		snprintf(text, sizeof text, "%s %s %s", mac, client.text[0] ? client.text : "-", subnet);
		/* a prefix of full length is printed as the address alone, or with it */
		if (strcmp(text, cases[i].wanted)) {
			char longer[300];
			snprintf(longer, sizeof longer, "%s/%u", text,
			         client.has_subnet ? client.subnet.length : 0);
			if (strcmp(longer, cases[i].wanted))
				fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].what, text, cases[i].wanted);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_says_what_it_says)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
