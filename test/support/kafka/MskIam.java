import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * What Amazon MSK does with a client's token, for one account: the token is a URL, presigned for kafka-cluster:Connect
 * (Signature Version 4, query string), in base64url; its signature, its time and its region are checked.
 * Options of the login module: accessKeyId, secretAccessKey, region.
 */
public class MskIam implements AuthenticateCallbackHandler {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private Map<String, ?> options = Map.of();

  @Override
  public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
    options = entries.get(0).getOptions();
  }

  @Override
  public void handle(Callback[] callbacks) {
    for (Callback callback : callbacks) {
      if (!(callback instanceof OAuthBearerValidatorCallback)) continue;
      OAuthBearerValidatorCallback asked = (OAuthBearerValidatorCallback) callback;
      try {
        asked.token(tokenOf(asked.tokenValue()));
      } catch (Exception error) {
        asked.error("invalid_token", null, null);
      }
    }
  }

  private OAuthBearerToken tokenOf(String value) throws Exception {
    URI url = URI.create(new String(Base64.getUrlDecoder().decode(value), StandardCharsets.UTF_8));
    TreeMap<String, String> query = new TreeMap<>();
    for (String pair : url.getRawQuery().split("&")) {
      String[] parts = pair.split("=", 2);
      query.put(parts[0], parts[1]);
    }
    String region = option("region");
    String time = query.get("X-Amz-Date");
    String scope = time.substring(0, 8) + "/" + region + "/kafka-cluster/aws4_request";
    check(url.getHost().equals("kafka." + region + ".amazonaws.com"), "host");
    check(decoded(query.get("Action")).equals("kafka-cluster:Connect"), "action");
    check(decoded(query.get("X-Amz-Credential")).equals(option("accessKeyId") + "/" + scope), "credential");
    String given = query.remove("X-Amz-Signature");
    // added after signing
    String agent = query.remove("User-Agent");
    check(given.equals(signature(url.getHost(), query, time, scope)), "signature");
    long start = Instant.from(TIME.parse(time)).toEpochMilli();
    long end = start + 1000 * Long.parseLong(query.get("X-Amz-Expires"));
    check(System.currentTimeMillis() < end && agent != null, "time");
    return new Token(value, option("accessKeyId"), start, end);
  }

  private String signature(String host, TreeMap<String, String> query, String time, String scope) throws Exception {
    String words = query.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining("&"));
    String request = "GET\n/\n" + words + "\nhost:" + host + "\n\nhost\n" + hash("");
    String text = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hash(request);
    byte[] key = ("AWS4" + option("secretAccessKey")).getBytes(StandardCharsets.UTF_8);
    for (String part : scope.split("/")) key = mac(key, part);
    return HexFormat.of().formatHex(mac(key, text));
  }

  private static byte[] mac(byte[] key, String text) throws Exception {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String hash(String text) throws Exception {
    byte[] bytes = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(bytes);
  }

  private static String decoded(String word) {
    return URLDecoder.decode(word, StandardCharsets.UTF_8);
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new IllegalArgumentException(what);
  }

  private String option(String name) {
    return String.valueOf(options.get(name));
  }

  @Override
  public void close() {}

  private record Token(String value, String principalName, long from, long lifetimeMs) implements OAuthBearerToken {
    @Override
    public Set<String> scope() {
      return Set.of();
    }

    @Override
    public Long startTimeMs() {
      return from;
    }
  }
}
