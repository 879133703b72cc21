package bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/**
 * Counts per creator in event time, as one would write them in Kafka Streams: tumbling minutes, and
 * five minutes that hop by ten seconds if BENCH_WINDOWS is "sliding". One stream thread. Told by
 * BENCH_ variables; the last count of each (creator, window) is on the output topic.
 */
public final class Counts {
    /** The fields that the counts need. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Event(
            @JsonProperty("event_id") String eventId,
            @JsonProperty("creator_id") String creatorId,
            @JsonProperty("platform") String platform,
            @JsonProperty("occurred_at") long occurredAt) {}

    private static final Duration GRACE = Duration.ofMinutes(10);

    private Counts() {}

    public static void main(String[] arguments) throws InterruptedException {
        String application = System.getenv("BENCH_APP");
        boolean sliding = "sliding".equals(System.getenv("BENCH_WINDOWS"));
        StreamsBuilder builder = new StreamsBuilder();
        KGroupedStream<String, Event> events =
                builder.stream(
                                List.of(System.getenv("BENCH_TOPICS").split(",")),
                                Consumed.with(Serdes.String(), json())
                                        .withTimestampExtractor(
                                                (record, highest) -> ((Event) record.value()).occurredAt()))
                        .groupByKey(Grouped.with(Serdes.String(), json()));
        count(events, application + "-minutes", Duration.ofMinutes(1), Duration.ofMinutes(1));
        if (sliding) {
            count(events, application + "-sliding", Duration.ofMinutes(5), Duration.ofSeconds(10));
        }

        KafkaStreams streams = new KafkaStreams(builder.build(), settings(application));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(
                error -> {
                    error.printStackTrace();
                    ended.countDown();
                    return StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
                });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(8))));
        streams.start();
        ended.await();
        System.exit(1);
    }

    private static void count(
            KGroupedStream<String, Event> events, String output, Duration size, Duration step) {
        events.windowedBy(TimeWindows.ofSizeAndGrace(size, GRACE).advanceBy(step))
                .count(Materialized.with(Serdes.String(), Serdes.Long()))
                .toStream()
                .to(
                        output,
                        Produced.with(
                                WindowedSerdes.timeWindowedSerdeFrom(String.class, size.toMillis()),
                                Serdes.Long()));
    }

    private static Properties settings(String application) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("BENCH_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getenv("BENCH_STATE"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, System.getenv("BENCH_GUARANTEE"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        // In its favour: half a second as our checkpoints, not a tenth, and a cache that holds it all.
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
        return settings;
    }

    private static Serde<Event> json() {
        ObjectMapper mapper = new ObjectMapper();
        Deserializer<Event> read =
                (topic, raw) -> {
                    try {
                        return mapper.readValue(raw, Event.class);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                };
        return Serdes.serdeFrom(
                (topic, event) -> {
                    throw new UnsupportedOperationException("events are only read");
                },
                read);
    }
}
