/* Unit tests of src/device: lease files of four servers, as these write them, torn and damaged; and vendors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "device/lease.h"
#include "device/vendor.h"

#define NOW_US 1795465583000000LL /* 2026-11-23 20:26:23 UTC */

/* Every lease as "address mac host client", one a line, sorted by address. */
static const char *told(enum lease_format format, const char *text, size_t length,
                        uint64_t *skipped)
{
	static char out[8192];
	struct lease_list list;
	out[0] = '\0';
	assert_int_equal(lease_parse(format, text, length, NOW_US, &list), PF_OK);
	for (size_t i = 0; i < list.count; i++) {
		const struct lease *lease = &list.leases[i];
		char addr[ADDR_TEXT_MAX], mac[MAC_TEXT_MAX] = "-";
		addr_format(&lease->addr, addr);
		if (lease->has_mac)
			mac_format(&lease->mac, mac);
		sprintf(out + strlen(out), "%s %s %s ", addr, mac, lease->host[0] ? lease->host : "-");
		for (size_t b = 0; b < lease->client_length; b++)
			sprintf(out + strlen(out), "%02x", lease->client[b]);
		strcat(out, lease->client_length ? "\n" : "-\n");
	}
	*skipped = list.skipped;
	lease_list_deinit(&list);
	return out;
}

static void are(enum lease_format format, const char *text, const char *wanted, uint64_t skipped)
{
	uint64_t found;
	assert_string_equal(told(format, text, strlen(text), &found), wanted);
	assert_int_equal(found, skipped);
}

static void dnsmasq(void **state)
{
	(void)state;
	are(LEASE_DNSMASQ,
	    "1795470000 64:bc:0c:80:7e:1f 192.168.1.5 lobby-coffee 01:64:bc:0c:80:7e:1f\n"
	    "0 24:0a:c4:00:00:07 192.168.1.6 * *\n"
	    "1795460000 02:00:00:00:00:01 192.168.1.7 gone *\n" /* has ended */
	    "1795470000 06-02:00:00:00:00:02 192.168.1.8 firewire *\n"
	    "1795470000 02:00:00:00:00:03 192.168.1.9 <script> *\n"
	    "1795470000 02:00:00:00:00:04 192.168.1.10 tv.lan ff:01:02:03:04:00:03:00:01:02:00\n"
	    "nonsense\n1795470000 x y z\n-1 a 192.168.1.5 b\n"
	    "duid 00:01:00:01:11:22:33:44:64:bc:0c:80:7e:1f\n"
	    "1795470000 7 fd00::5 lobby-coffee 00:03:00:01:64:bc:0c:80:7e:1f\n",
	    "192.168.1.5 64:bc:0c:80:7e:1f lobby-coffee 0164bc0c807e1f\n"
	    "192.168.1.6 24:0a:c4:00:00:07 - -\n"
	    "192.168.1.8 - firewire -\n"
	    "192.168.1.9 02:00:00:00:00:03 - -\n"
	    "192.168.1.10 02:00:00:00:00:04 tv 000300010200\n"
	    "fd00::5 - lobby-coffee 0003000164bc0c807e1f\n",
	    3);
}

static void dhcpd(void **state)
{
	(void)state;
	are(LEASE_DHCPD,
	    "# The format of this file is documented in the dhcpd.leases(5) manual page.\n"
	    "authoring-byte-order little-endian;\n\n"
	    "lease 192.168.1.5 {\n"
	    "  starts 4 2026/11/26 10:00:00;\n"
	    "  ends 4 2026/11/26 12:00:00;\n"
	    "  binding state active;\n"
	    "  next binding state free;\n"
	    "  hardware ethernet 64:bc:0c:80:7e:1f;\n"
	    "  uid \"\\001d\\274\\014\\200~\\037\";\n"
	    "  client-hostname \"old-name\";\n}\n"
	    "lease 192.168.1.6 {\n  ends never;\n  binding state active;\n"
	    "  hardware ethernet 24:0a:c4:00:00:07;\n  uid 01:24:0a:c4;\n}\n"
	    "lease 192.168.1.7 {\n  ends epoch 1795460000; # past\n  binding state active;\n"
	    "  hardware ethernet 02:00:00:00:00:07;\n}\n"
	    "lease 192.168.1.8 {\n  binding state free;\n  hardware ethernet 02:00:00:00:00:08;\n}\n"
	    /* the last of an address counts */
	    "lease 192.168.1.5 {\n  binding state active;\n"
	    "  hardware ethernet 64:bc:0c:80:7e:1f;\n  client-hostname \"lobby-coffee\";\n}\n"
	    "lease nonsense {\n}\n"
	    "lease 192.168.1.9 {\n  binding state active;\n  hardware ethernet 02:00",
	    "192.168.1.5 64:bc:0c:80:7e:1f lobby-coffee -\n"
	    "192.168.1.6 24:0a:c4:00:00:07 - 01240ac4\n",
	    2);
	/* released after it was given */
	are(LEASE_DHCPD,
	    "lease 192.168.1.5 {\n  binding state active;\n}\nlease 192.168.1.5 {\n  binding state "
	    "free;\n}\n",
	    "", 0);
}

static void kea(void **state)
{
	(void)state;
	are(LEASE_KEA,
	    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,"
	    "user_context,pool_id\n"
	    "192.168.1.5,64:bc:0c:80:7e:1f,01:64:bc:0c:80:7e:1f,4000,1795470000,1,0,0,old,0,,0\n"
	    "192.168.1.6,24:0a:c4:00:00:07,,4000,1795470000,1,0,0,,0,,0\r\n"
	    "192.168.1.7,02:00:00:00:00:07,,4000,1795460000,1,0,0,past,0,,0\n"
	    "192.168.1.8,02:00:00:00:00:08,,4000,1795470000,1,0,0,declined,1,,0\n"
	    "192.168.1.5,64:bc:0c:80:7e:1f,01:64:bc:0c:80:7e:1f,4000,1795470000,1,0,0,lobby-coffee.lan,0,,0\n"
	    "nonsense\n"
	    "192.168.1.9,02:00:00:00:00:09,,4000,17954", /* torn */
	    "192.168.1.5 64:bc:0c:80:7e:1f lobby-coffee 0164bc0c807e1f\n"
	    "192.168.1.6 24:0a:c4:00:00:07 - -\n",
	    1);
	are(LEASE_KEA,
	    "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,"
	    "fqdn_fwd,fqdn_rev,hostname,hwaddr,state,user_context,hwtype,hwaddr_source,pool_id\n"
	    "fd00::5,00:03:00:01:64:bc:0c:80:7e:1f,4000,1795470000,1,3000,0,7,128,0,0,lobby-coffee,"
	    "64:bc:0c:80:7e:1f,0,,1,2,0\n",
	    "fd00::5 64:bc:0c:80:7e:1f lobby-coffee 0003000164bc0c807e1f\n", 0);
}

static void odhcpd(void **state)
{
	(void)state;
	are(LEASE_ODHCPD,
	    "# br-lan 64bc0c807e1f ipv4 lobby-coffee 1795470000 5 32 192.168.1.5/32\n"
	    "192.168.1.5\tlobby-coffee\n"
	    "# br-lan 000300016 4bc0c807e1f\n"
	    "# br-lan 0003000164bc0c807e1f 7 - -1 5 128 fd00::5/128 2001:db8::5/128\n"
	    "# br-lan 240ac4000007 ipv4 - 1795460000 6 32 192.168.1.6/32\n",
	    "192.168.1.5 64:bc:0c:80:7e:1f lobby-coffee -\n"
	    "2001:db8::5 - - 0003000164bc0c807e1f\n"
	    "fd00::5 - - 0003000164bc0c807e1f\n",
	    1);
}

/* A writer may be anywhere in the file: every prefix of it is read, and never gives a lease that the whole has not. */
static void torn_anywhere(void **state)
{
	(void)state;
	static const char *const texts[] = {
		[LEASE_DNSMASQ] =
			"0 64:bc:0c:80:7e:1f 192.168.1.5 a 01:64\n0 64:bc:0c:80:7e:1e 192.168.1.6 b *\n",
		[LEASE_DHCPD] = "lease 192.168.1.5 {\n hardware ethernet 64:bc:0c:80:7e:1f;\n}\nlease "
						"192.168.1.6 {\n hardware ethernet 64:bc:0c:80:7e:1e;\n}\n",
		[LEASE_KEA] = "address,hwaddr,expire\n192.168.1.5,64:bc:0c:80:7e:1f,1795470000\n"
					  "192.168.1.6,64:bc:0c:80:7e:1e,1795470000\n",
		[LEASE_ODHCPD] =
			"# l 64bc0c807e1f ipv4 a -1 5 32 192.168.1.5/32\n# l 64bc0c807e1e ipv4 b -1 "
			"5 32 192.168.1.6/32\n",
	};
	for (size_t format = 0; format < PF_COUNT(texts); format++) {
		char whole[1024];
		uint64_t skipped;
		snprintf(whole, sizeof whole, "%s",
		         told(format, texts[format], strlen(texts[format]), &skipped));
		assert_non_null(strstr(whole, "192.168.1.6"));
		for (size_t length = 0; length < strlen(texts[format]); length++) {
			const char *part = told(format, texts[format], length, &skipped);
			assert_memory_equal(part, whole, strlen(part));
		}
	}
}

static void files(void **state)
{
	(void)state;
	char path[] = "/tmp/portafilter-lease-XXXXXX", error[256];
	struct lease_list list;
	int fd = mkstemp(path);
	static const char text[] = "0 64:bc:0c:80:7e:1f 192.168.1.5 a *\n";
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	assert_int_equal(lease_read(path, LEASE_DNSMASQ, NOW_US, &list, error), PF_OK);
	assert_int_equal(list.count, 1);
	lease_list_deinit(&list);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lease_read(path, LEASE_DNSMASQ, NOW_US, &list, error), PF_OK);
	assert_int_equal(list.count, 0);
	assert_int_equal(ftruncate(fd, LEASE_FILE_BYTES_MAX + 1), 0);
	assert_int_equal(lease_read(path, LEASE_DNSMASQ, NOW_US, &list, error), PF_EIO);
	assert_non_null(strstr(error, "64 MiB"));
	unlink(path);
	close(fd);
	assert_int_equal(lease_read(path, LEASE_DNSMASQ, NOW_US, &list, error), PF_EIO);
	assert_non_null(strstr(error, "No such file"));
	assert_int_equal(lease_read("/tmp", LEASE_DNSMASQ, NOW_US, &list, error), PF_EIO);
}

/* ---- vendors ----------------------------------------------------------------------------- */

static void put(const char *folder, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static const char *vendor(const struct vendors *vendors, const char *text)
{
	struct mac mac;
	assert_int_equal(mac_parse(text, &mac), PF_OK);
	return vendor_of(vendors, &mac);
}

static void vendors_by_24_28_and_36_bits(void **state)
{
	(void)state;
	char folder[] = "/tmp/portafilter-vendor-XXXXXX", command[100];
	struct diag diag;
	struct vendors *vendors;
	diag_init(&diag);
	assert_non_null(mkdtemp(folder));
	/* without any file nobody has a vendor, and that is no error */
	assert_int_equal(vendors_load(folder, &diag, &vendors), PF_OK);
	assert_string_equal(vendor(vendors, "24:0a:c4:00:00:07"), "");
	assert_true(vendors_are_current(vendors, folder));
	put(folder, "oui.csv", "");
	assert_false(vendors_are_current(vendors, folder));
	assert_false(vendors_are_current(NULL, folder));
	vendors_free(&vendors);
	put(folder, "oui.csv",
	    "Registry,Assignment,Organization Name,Organization Address\r\n"
	    "MA-L,70B3D5,IEEE Registration Authority,445 Hoes Lane Piscataway NJ US 08554 \r\n"
	    "MA-L,240AC4,\"Espressif, Inc. \"\"ESP\"\"\",\"Room 204, Shanghai\"\r\n"
	    "MA-L,short,X,Y\r\nMA-L,64BC0C,,\r\n\r\n"
	    "MA-L,001123,IEEE Registration Authority,\r\nMA-L,001122,Last without an end,");
	put(folder, "mam.csv", "MA-M,741AE09,Private,\r\nMA-M,70B3D5F,Half,\r\n");
	put(folder, "oui36.csv", "MA-S,70B3D5F2F,TELEPLATFORMS,\"Polbina st., 3/1\"\r\n");
	assert_int_equal(vendors_load(folder, &diag, &vendors), PF_OK);
	assert_int_equal(diag.count, 0);
	assert_int_equal(vendors_count(vendors), 7);
	assert_string_equal(vendor(vendors, "24:0a:c4:00:00:07"), "Espressif, Inc. \"ESP\"");
	assert_string_equal(vendor(vendors, "70:b3:d5:f2:f0:00"), "TELEPLATFORMS");
	assert_string_equal(vendor(vendors, "70:b3:d5:f2:ff:ff"), "TELEPLATFORMS");
	assert_string_equal(vendor(vendors, "70:b3:d5:f3:00:00"), "Half");
	assert_string_equal(vendor(vendors, "70:b3:d5:e0:00:00"), "IEEE Registration Authority");
	assert_string_equal(vendor(vendors, "00:11:23:00:00:00"), "IEEE Registration Authority");
	assert_string_equal(vendor(vendors, "74:1a:e0:90:00:00"), "Private");
	assert_string_equal(vendor(vendors, "74:1a:e0:a0:00:00"), "");
	assert_string_equal(vendor(vendors, "00:11:22:00:00:00"), "Last without an end");
	assert_string_equal(vendor(vendors, "64:bc:0c:80:7e:1f"), "");
	assert_string_equal(vendor(vendors, "26:0a:c4:00:00:07"), ""); /* made up */
	assert_string_equal(vendor(NULL, "24:0a:c4:00:00:07"), "");
	vendors_free(&vendors);
	snprintf(command, sizeof command, "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	diag_deinit(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dnsmasq),
		cmocka_unit_test(dhcpd),
		cmocka_unit_test(kea),
		cmocka_unit_test(odhcpd),
		cmocka_unit_test(torn_anywhere),
		cmocka_unit_test(files),
		cmocka_unit_test(vendors_by_24_28_and_36_bits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
