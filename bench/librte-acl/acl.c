/*
 * DPDK's librte_acl on a ClassBench filter set and a trace: writes the first matching rule of each packet (-1 = none),
 * prints the build time and the rate of each implementation that this processor has. See ../README.md.
 *
 *   gcc -O3 -march=native acl.c -o acl $(pkg-config --cflags --libs libdpdk)
 *   ./acl RULES TRACE MATCHES
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_acl.h>
#include <rte_eal.h>

enum { BATCH = 256, PASSES = 5 };

struct packet {
  uint8_t protocol;
  uint8_t unused[3];
  uint32_t src, dst;
  uint16_t src_port, dst_port;
};

#define FIELD(number, kind, bytes, input, member)                                                                      \
  { .type = kind, .size = bytes, .field_index = number, .input_index = input, .offset = offsetof(struct packet, member) }

static struct rte_acl_field_def fields[] = {
    FIELD(0, RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, protocol), FIELD(1, RTE_ACL_FIELD_TYPE_MASK, 4, 1, src),
    FIELD(2, RTE_ACL_FIELD_TYPE_MASK, 4, 2, dst),         FIELD(3, RTE_ACL_FIELD_TYPE_RANGE, 2, 3, src_port),
    FIELD(4, RTE_ACL_FIELD_TYPE_RANGE, 2, 3, dst_port),
};

RTE_ACL_RULE_DEF(acl_rule, RTE_DIM(fields));

static void fail(const char *what) {
  fprintf(stderr, "acl: %s\n", what);
  exit(1);
}

/* Processor seconds: what others do on the machine then counts less. */
static double seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

static uint32_t address(const unsigned *o) { return o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3]; }

static int read_rules(const char *path, struct acl_rule **rules) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  char line[512];
  int count = 0, capacity = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    unsigned s[5], d[5], p[4], value, mask;
    if (sscanf(line, "@%u.%u.%u.%u/%u %u.%u.%u.%u/%u %u : %u %u : %u %x/%x", s, s + 1, s + 2, s + 3, s + 4, d, d + 1,
               d + 2, d + 3, d + 4, p, p + 1, p + 2, p + 3, &value, &mask) != 16)
      continue;
    if (count == capacity) *rules = realloc(*rules, (capacity = capacity ? capacity * 2 : 1024) * sizeof **rules);
    struct acl_rule *rule = memset(*rules + count, 0, sizeof **rules);
    rule->data = (struct rte_acl_rule_data){
        .userdata = count + 1, .category_mask = 1, .priority = RTE_ACL_MAX_PRIORITY - count};
    rule->field[0] = (struct rte_acl_field){.value.u8 = value, .mask_range.u8 = mask};
    rule->field[1] = (struct rte_acl_field){.value.u32 = address(s), .mask_range.u32 = s[4]};
    rule->field[2] = (struct rte_acl_field){.value.u32 = address(d), .mask_range.u32 = d[4]};
    rule->field[3] = (struct rte_acl_field){.value.u16 = p[0], .mask_range.u16 = p[1]};
    rule->field[4] = (struct rte_acl_field){.value.u16 = p[2], .mask_range.u16 = p[3]};
    count++;
  }
  fclose(file);
  return count;
}

static int read_trace(const char *path, struct packet **packets) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  unsigned s[4], d[4], sp, dp, pr;
  int count = 0, capacity = 0;
  while (fscanf(file, "%u.%u.%u.%u %u.%u.%u.%u %u %u %u", s, s + 1, s + 2, s + 3, d, d + 1, d + 2, d + 3, &sp, &dp,
                &pr) == 11) {
    if (count == capacity) *packets = realloc(*packets, (capacity = capacity ? capacity * 2 : 1024) * sizeof **packets);
    (*packets)[count++] = (struct packet){.protocol = pr,
                                          .src = htonl(address(s)),
                                          .dst = htonl(address(d)),
                                          .src_port = htons(sp),
                                          .dst_port = htons(dp)};
  }
  fclose(file);
  return count;
}

int main(int argc, char **argv) {
  if (argc != 4) fail("usage: acl RULES TRACE MATCHES");
  char *eal[] = {argv[0], "--no-huge", "--no-pci", "--no-telemetry", "-m", "1024", "--log-level=error"};
  if (rte_eal_init(RTE_DIM(eal), eal) < 0) fail("rte_eal_init");
  struct acl_rule *rules = NULL;
  struct packet *packets = NULL;
  const int rule_count = read_rules(argv[1], &rules), count = read_trace(argv[2], &packets);
  if (rule_count == 0 || count == 0) fail("no rules or no packets");

  struct rte_acl_param param = {
      .name = "acl", .rule_size = RTE_ACL_RULE_SZ(RTE_DIM(fields)), .max_rule_num = rule_count};
  struct rte_acl_ctx *context = rte_acl_create(&param);
  if (context == NULL || rte_acl_add_rules(context, (struct rte_acl_rule *)rules, rule_count) != 0) fail("rules");
  struct rte_acl_config config = {.num_categories = 1, .num_fields = RTE_DIM(fields)};
  memcpy(config.defs, fields, sizeof fields);
  double start = seconds();
  if (rte_acl_build(context, &config) != 0) fail("rte_acl_build");
  printf("%d rules, build %.1f ms\n", rule_count, (seconds() - start) * 1e3);

  const uint8_t **keys = malloc(count * sizeof *keys);
  uint32_t *found = malloc(count * sizeof *found);
  for (int i = 0; i < count; i++) keys[i] = (const uint8_t *)(packets + i);
  const char *names[] = {"default", "scalar", "sse", "avx2", "neon", "altivec", "avx512x16", "avx512x32"};
  for (int alg = RTE_ACL_CLASSIFY_SCALAR; alg <= RTE_ACL_CLASSIFY_AVX512X32; alg++) {
    if (rte_acl_set_ctx_classify(context, alg) != 0) continue;
    double best = 1e9;
    for (int pass = 0; pass < PASSES; pass++) {
      start = seconds();
      for (int i = 0; i < count; i += BATCH)
        rte_acl_classify(context, keys + i, found + i, count - i < BATCH ? count - i : BATCH, 1);
      const double took = seconds() - start;
      if (took < best) best = took;
    }
    printf("%-10s %7.1f M/s\n", names[alg], count / best / 1e6);
  }
  FILE *out = fopen(argv[3], "w");
  if (out == NULL) fail(argv[3]);
  for (int i = 0; i < count; i++) fprintf(out, "%" PRId64 "\n", (int64_t)found[i] - 1);
  return fclose(out) == 0 ? 0 : 1;
}
