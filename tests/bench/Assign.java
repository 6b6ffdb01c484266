import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * A Kafka Streams topology that gives each new record to the next member of its country's pool, exactly once, with one
 * thread. A smaller job than the service's: no rules, no explanation, no notification, nobody who is away.
 *
 * <p>Arguments: bootstrap, source topic, topic of assignments, directory for its state. Runs until it is ended. It
 * commits once a second and not ten times, as by default: what markers of transactions cost is not held against it.
 */
public class Assign {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TURNS = "turns";
  private static final String OWNERS = "owners";
  private static final int PARTITIONS = 4;
  private static final int MEMBERS = 7;
  private static final Serde<String> TEXT = Serdes.String();
  private static final Serde<byte[]> BYTES = Serdes.ByteArray();

  public static void main(String[] given) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(TURNS), TEXT, Serdes.Integer()).withCachingEnabled());
    builder.addStateStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(OWNERS), TEXT, TEXT).withCachingEnabled());
    builder.stream(given[1], Consumed.with(TEXT, BYTES))
        .map((key, value) -> KeyValue.pair(read(value).at("/record/fields/country").asText(), value))
        .repartition(Repartitioned.with(TEXT, BYTES).withNumberOfPartitions(PARTITIONS))
        .process(Turns::new, TURNS, OWNERS)
        .to(given[2], Produced.with(TEXT, BYTES));
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, given[2]);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given[0]);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1_000);
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, given[3]);
    settings.put("auto.offset.reset", "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
    streams.start();
  }

  private static JsonNode read(byte[] value) {
    try {
      return JSON.readTree(value);
    } catch (java.io.IOException error) {
      throw new java.io.UncheckedIOException(error);
    }
  }

  /** Whose turn it is in a pool; a record that has an owner is passed over. */
  private static final class Turns implements Processor<String, byte[], String, byte[]> {
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, Integer> turns;
    private KeyValueStore<String, String> owners;

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
      context = given;
      turns = given.getStateStore(TURNS);
      owners = given.getStateStore(OWNERS);
    }

    @Override
    public void process(Record<String, byte[]> event) {
      String id = read(event.value()).at("/record/id").asText();
      if (owners.get(id) != null) {
        return;
      }
      Integer last = turns.get(event.key());
      int turn = last == null ? 1 : last + 1;
      String member = "member-" + turn % MEMBERS;
      turns.put(event.key(), turn);
      owners.put(id, member);
      byte[] answer =
          JSON.createObjectNode()
              .put("record", id)
              .put("pool", event.key())
              .put("owner", member)
              .put("turn", turn)
              .toString()
              .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      context.forward(event.withKey(id).withValue(answer));
    }
  }
}
