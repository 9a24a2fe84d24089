<?php

// For the server that is built into PHP's command line, which runs this file for every request.

declare(strict_types=1);

$envelope = json_decode(file_get_contents('php://input'));
header('content-type: application/json');
echo json_encode(['message' => "Hello {$envelope->payload->name}"]);
