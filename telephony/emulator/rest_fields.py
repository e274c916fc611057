"""The fields that Twilio's REST API takes, for each method and path that the emulator serves.

Names only, as Twilio's OpenAPI document of the 2010-04-01 API lists them; a test holds this list against that document
where it is at hand. ``EMULATED`` of these have an effect; the others are Twilio's but refused here, so that nobody relies
on something the emulator would silently ignore.
"""

FIELDS: dict[tuple[str, str], frozenset[str]] = {
    ("POST", "/Calls"): frozenset(
        """
        ApplicationSid AsyncAmd AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod Byoc CallReason CallToken
        CallerId ClientNotificationUrl FallbackMethod FallbackUrl From MachineDetection
        MachineDetectionSilenceTimeout MachineDetectionSpeechEndThreshold MachineDetectionSpeechThreshold
        MachineDetectionTimeout Method Record RecordingChannels RecordingStatusCallback
        RecordingStatusCallbackEvent RecordingStatusCallbackMethod RecordingTrack SendDigits SipAuthPassword
        SipAuthUsername StatusCallback StatusCallbackEvent StatusCallbackMethod TimeLimit Timeout To Trim Twiml
        Url
        """.split()
    ),
    ("GET", "/Calls"): frozenset(
        """
        EndTime EndTime< EndTime> From Page PageSize PageToken ParentCallSid StartTime StartTime< StartTime>
        Status To
        """.split()
    ),
    ("POST", "/Calls/{Sid}"): frozenset(
        """
        FallbackMethod FallbackUrl Method Status StatusCallback StatusCallbackMethod TimeLimit Twiml Url
        """.split()
    ),
    ("POST", "/Messages"): frozenset(
        """
        AddressRetention ApplicationSid Attempt Body ContentRetention ContentSid ContentVariables FallbackFrom
        ForceDelivery From MaxPrice MediaUrl MessagingServiceSid PersistentAction ProvideFeedback RiskCheck
        ScheduleType SendAsMms SendAt ShortenUrls SmartEncoded StatusCallback To TrafficType ValidityPeriod
        """.split()
    ),
    ("GET", "/Messages"): frozenset(
        """
        DateSent DateSent< DateSent> From Page PageSize PageToken To
        """.split()
    ),
    ("POST", "/Messages/{Sid}"): frozenset(
        """
        Body Status
        """.split()
    ),
    ("POST", "/Queues"): frozenset(
        """
        FriendlyName MaxSize
        """.split()
    ),
    ("GET", "/Queues"): frozenset(
        """
        Page PageSize PageToken
        """.split()
    ),
    ("POST", "/Queues/{Sid}"): frozenset(
        """
        FriendlyName MaxSize
        """.split()
    ),
    ("GET", "/Queues/{QueueSid}/Members"): frozenset(
        """
        Page PageSize PageToken
        """.split()
    ),
    ("POST", "/Queues/{QueueSid}/Members/{CallSid}"): frozenset(
        """
        Method Url
        """.split()
    ),
    ("GET", "/Conferences"): frozenset(
        """
        DateCreated DateCreated< DateCreated> DateUpdated DateUpdated< DateUpdated> FriendlyName Page PageSize
        PageToken Status
        """.split()
    ),
    ("POST", "/Conferences/{Sid}"): frozenset(
        """
        AnnounceMethod AnnounceUrl Status
        """.split()
    ),
    ("GET", "/Conferences/{ConferenceSid}/Participants"): frozenset(
        """
        Coaching Hold Muted Page PageSize PageToken
        """.split()
    ),
    ("POST", "/Conferences/{ConferenceSid}/Participants/{CallSid}"): frozenset(
        """
        AnnounceMethod AnnounceUrl BeepOnExit CallSidToCoach Coaching EndConferenceOnExit Hold HoldMethod HoldUrl
        Muted WaitMethod WaitUrl
        """.split()
    ),
    ("GET", "/Recordings"): frozenset(
        """
        CallSid ConferenceSid DateCreated DateCreated< DateCreated> IncludeSoftDeleted Page PageSize PageToken
        """.split()
    ),
    ("GET", "/Calls/{CallSid}/Recordings"): frozenset(
        """
        DateCreated DateCreated< DateCreated> Page PageSize PageToken
        """.split()
    ),
    ("GET", "/IncomingPhoneNumbers"): frozenset(
        """
        Beta FriendlyName Origin Page PageSize PageToken PhoneNumber
        """.split()
    ),
    ("POST", "/IncomingPhoneNumbers/{Sid}"): frozenset(
        """
        AccountSid AddressSid ApiVersion BundleSid EmergencyAddressSid EmergencyStatus FriendlyName IdentitySid
        SmsApplicationSid SmsFallbackMethod SmsFallbackUrl SmsMethod SmsUrl StatusCallback StatusCallbackMethod
        TrunkSid VoiceApplicationSid VoiceCallerIdLookup VoiceFallbackMethod VoiceFallbackUrl VoiceMethod
        VoiceReceiveMode VoiceUrl
        """.split()
    ),
}
