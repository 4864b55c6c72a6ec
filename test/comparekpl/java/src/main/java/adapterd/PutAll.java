package adapterd;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import java.io.BufferedReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Puts the records of a file into a stream with the Kinesis Producer Library.
 *
 * <p>Arguments: host, TLS port, stream, file. A line of the file has the partition key in base64, the explicit hash key or
 * nothing, and the data in base64, with tabs between. Prints stored, failed and retried records and the seconds it took.
 */
public final class PutAll {
  private static final int MAX_OUTSTANDING = 20_000;

  private final AtomicLong stored = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong retried = new AtomicLong();
  private final Semaphore room = new Semaphore(MAX_OUTSTANDING);
  private final Phaser outstanding = new Phaser(1);
  private final KinesisProducer producer;
  private final String stream;

  private PutAll(KinesisProducer producer, String stream) {
    this.producer = producer;
    this.stream = stream;
  }

  public static void main(String[] args) throws Exception {
    StaticCredentialsProvider anyone = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
    KinesisProducer producer =
        new KinesisProducer(
            new KinesisProducerConfiguration()
                .setRegion("us-east-1")
                .setKinesisEndpoint(args[0])
                .setKinesisPort(Long.parseLong(args[1]))
                .setVerifyCertificate(false)
                .setCredentialsProvider(anyone)
                .setMetricsCredentialsProvider(anyone)
                .setMetricsLevel("none")
                .setLogLevel("warning")
                // The server is slow: nothing shall be sent twice for that.
                .setRequestTimeout(600_000)
                .setRecordTtl(600_000));
    PutAll put = new PutAll(producer, args[2]);
    double seconds = put.file(Path.of(args[3]));
    System.out.printf("%d %d %d %.3f%n", put.stored.get(), put.failed.get(), put.retried.get(), seconds);
    producer.destroy();
    System.exit(put.failed.get() == 0 ? 0 : 1);
  }

  /** The first record goes alone: without the shard map, which it fetches, nothing is aggregated. */
  private double file(Path file) throws Exception {
    long start = System.nanoTime();
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.US_ASCII)) {
      boolean first = true;
      for (String line; (line = lines.readLine()) != null; ) {
        record(line);
        if (first) {
          settle();
          start = System.nanoTime();
          first = false;
        }
      }
    }
    settle();
    return (System.nanoTime() - start) / 1e9;
  }

  private void settle() {
    producer.flush();
    outstanding.arriveAndAwaitAdvance();
  }

  private void record(String line) throws InterruptedException {
    String[] fields = line.split("\t", -1);
    Base64.Decoder base64 = Base64.getDecoder();
    String key = new String(base64.decode(fields[0]), StandardCharsets.UTF_8);
    String hashKey = fields[1].isEmpty() ? null : fields[1];
    room.acquire();
    // A phaser takes 65,535 parties at most, far above MAX_OUTSTANDING.
    outstanding.register();
    Futures.addCallback(
        producer.addUserRecord(stream, key, hashKey, ByteBuffer.wrap(base64.decode(fields[2]))),
        new FutureCallback<>() {
          @Override
          public void onSuccess(UserRecordResult result) {
            (result.isSuccessful() ? stored : failed).incrementAndGet();
            if (result.getAttempts().size() > 1) {
              retried.incrementAndGet();
            }
            done();
          }

          @Override
          public void onFailure(Throwable cause) {
            if (failed.incrementAndGet() == 1) {
              System.err.println("a record failed: " + cause);
            }
            done();
          }
        },
        Runnable::run);
  }

  private void done() {
    room.release();
    outstanding.arriveAndDeregister();
  }
}
