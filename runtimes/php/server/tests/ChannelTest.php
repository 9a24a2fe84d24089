<?php

declare(strict_types=1);

namespace Slipway\Tests;

use PHPUnit\Framework\TestCase;
use Slipway\Worker\Channel;
use Slipway\Worker\Frame;

final class ChannelTest extends TestCase
{
    private \Socket $queue;
    private \Socket $stream;

    /** @var resource */
    private $bell;
    private Channel $channel;

    protected function setUp(): void
    {
        socket_create_pair(AF_UNIX, SOCK_SEQPACKET, 0, $queue);
        socket_create_pair(AF_UNIX, SOCK_STREAM, 0, $stream);
        [$this->bell, $rung] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        stream_set_blocking($this->bell, false);
        [$this->queue, $this->stream] = [$queue[0], $stream[0]];
        $this->channel = new Channel($queue[1], $stream[1], $rung);
    }

    public function testTakesWhatIsThereInOrder(): void
    {
        self::assertNull($this->channel->next());
        $frames = [Frame::text(1, 1, 'first'), Frame::text(1, 2, 'second')];
        foreach ($frames as $frame) {
            socket_write($this->queue, $frame);
        }
        self::assertSame($frames, [$this->channel->next(), $this->channel->wait()]);
        socket_shutdown($this->queue, 1);
        self::assertNull($this->channel->wait());
    }

    public function testReadsOnInTheStreamWhatIsTooLargeForAPacket(): void
    {
        $frame = Frame::text(1, 1, str_repeat('x', 10000));
        socket_write($this->queue, substr($frame, 0, 100));
        socket_write($this->stream, substr($frame, 100));
        self::assertSame($frame, $this->channel->wait());
    }

    public function testRingsWhenItHasNothingElseToDo(): void
    {
        $this->channel->send('answer');
        self::assertSame(0, $this->rings());
        socket_write($this->queue, Frame::text(1, 1, ''));
        $this->channel->wait();
        self::assertSame(1, $this->rings());
    }

    public function testLeavesOnlySoMuchLying(): void
    {
        for ($answer = 0; $answer < 20; ++$answer) {
            $this->channel->send('answer');
        }
        self::assertSame(2, $this->rings());
        $this->channel->sendNow('line');
        self::assertSame(1, $this->rings());
    }

    public function testRingsForEachPartOfALargeFrame(): void
    {
        $this->channel->send(str_repeat('x', 40000));
        self::assertSame(3, $this->rings());
    }

    private function rings(): int
    {
        return intdiv(\strlen((string) fread($this->bell, 1000)), 8);
    }
}
